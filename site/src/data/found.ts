// The files that a visitor opens or drops: single ones, folders with all that is in them, zip archives.

import { type Entry, listed } from './zip';

/** A file, wherever it lies. */
export interface Found {
  /** The innermost folder's name; '' for a file by itself. */
  folder: string;
  name: string;
  blob: () => Promise<Blob>;
}

const LARGEST = 1 << 28; // bytes of one picture in an archive

const isZip = ({ name, type }: File) => type === 'application/zip' || /\.zip$/i.test(name);

/** What systems leave in folders beside the visitor's files. */
const isHidden = (path: string) => path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');

/** A sign that turns the direction of writing would turn that of the sentence in which the name stands. */
const partsOf = (path: string) => path.replaceAll(/\p{Bidi_Control}/gu, '').split('/');

/** The name of a file, to be told. */
export const fileName = (path: string): string => partsOf(path).at(-1) ?? '';

const ofPath = (path: string, blob: () => Promise<Blob>): Found => ({
  folder: partsOf(path).at(-2) ?? '',
  name: fileName(path),
  blob,
});

const ofEntry = ({ path, size, bytes }: Entry): Found =>
  ofPath(path, async () => (size > LARGEST ? new Blob() : new Blob([await bytes()])));

/** The files of an `<input>`; those of a folder know their paths. */
export const ofInput = (files: Iterable<File>): Promise<Found[]> =>
  flattened([...files].map((file) => [file.webkitRelativePath || file.name, file]));

/** The files that were dropped, also those in folders. */
export async function ofDrop(transfer: DataTransfer): Promise<Found[]> {
  // They have to be asked for at once: the transfer is empty later.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return ofInput(files);
  const all: [string, File][] = [];
  for (const entry of entries) if (entry) await walk(entry, all);
  return flattened(all);
}

async function walk(entry: FileSystemEntry, all: [string, File][]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File | null>((resolve) =>
      (entry as FileSystemFileEntry).file(resolve, () => resolve(null)),
    );
    if (file) all.push([entry.fullPath.replace(/^\//, ''), file]);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) break; // it gives a hundred at a time
    for (const each of some) await walk(each, all);
  }
}

async function flattened(files: [string, File][]): Promise<Found[]> {
  const found: Found[] = [];
  for (const [path, file] of files) {
    if (isHidden(path)) continue;
    if (isZip(file)) found.push(...(await listed(file)).filter(({ path }) => !isHidden(path)).map(ofEntry));
    else found.push(ofPath(path, async () => file));
  }
  return found;
}
