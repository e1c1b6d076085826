// Opens a project: a zip archive of the format that pyconvlite.project documents.

import type { Way } from '../engine/learners';
import { fileName } from './found';
import { type Entry, listed, NoZip } from './zip';

export interface Project {
  way: Way;
  classes: { name: string; files: { name: string; bytes: Uint8Array<ArrayBuffer> }[] }[];
  /** An npz file; null where there is no network. */
  weights: Uint8Array<ArrayBuffer> | null;
}

const LONGEST = 1 << 22; // bytes of project.json
const LARGEST = 1 << 28; // of the others
const UNPACKED = 2; // bytes at most for each of the archive

/** The project in an archive; null if it is another archive. */
export async function openProject(archive: Blob): Promise<Project | null> {
  const entries = new Map((await listed(archive)).map((entry) => [entry.path, entry]));
  const text = entries.get('project.json');
  if (!text) return null;
  const { format, version, classes, settings } = parsed(await contents(text, LONGEST));
  if (format !== 'pyconvlite-project' || version !== 1 || !Array.isArray(classes))
    throw new NoZip('it is of another kind');
  const way = settings?.model === 'SmallCNN' ? 'drawings' : 'photos';
  let room = UNPACKED * archive.size; // pictures are packed already: more comes of an archive that lists one many times
  const taken = (entry: Entry) => {
    const most = Math.min(room, LARGEST);
    room -= entry.size;
    return contents(entry, most);
  };
  const weights = entries.get('weights.npz');
  const found: Project = { way, classes: [], weights: weights ? await taken(weights) : null };
  for (const each of classes) {
    const { name, pictures } = each ?? {};
    if (typeof name !== 'string' || !Array.isArray(pictures)) throw new NoZip('it is damaged');
    const files: Project['classes'][number]['files'] = [];
    for (const path of pictures) {
      const entry = entries.get(path);
      if (!entry) throw new NoZip('a picture is missing');
      files.push({ name: fileName(path), bytes: await taken(entry) });
    }
    found.classes.push({ name, files });
  }
  return found;
}

function contents(entry: Entry, most: number) {
  if (entry.size > most) throw new NoZip('it is too large');
  return entry.bytes();
}

function parsed(bytes: Uint8Array) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    throw new NoZip('it is damaged');
  }
}
