// What the browser keeps of the visitor's own pictures until the next visit: classes, pictures, what the network's trunk
// makes of each, and what was learnt.

import type { IDBPDatabase } from 'idb';
import { database as databaseOf } from '../app/database';
import type { Result, Way } from '../engine/learners';
import { ofGrey } from './shots';

export interface Group {
  /** Larger than those of the classes before it; no other class ever has the same. */
  id: number;
  way: Way;
  /** '' until it has one. */
  name: string;
}

export interface Picture {
  /** Larger than those of the pictures before it. */
  id: number;
  /** The class that it belongs to. */
  group: number;
  /** A square: a photo's JPEG, a drawing's PNG. */
  file: Uint8Array<ArrayBuffer>;
  /** Whether it is a drawing, not a photo in grey as the site once took them. */
  isDrawn: boolean;
}

/** A network, and what it has learnt. */
export interface Trained {
  /** The classes that it tells apart, in its order. */
  groups: number[];
  /** How they were called, for those that are deleted since; earlier versions of the site kept none. */
  names?: string[];
  /** The pictures that there were, and the place of each one's class. */
  numbers: number[];
  labels: number[];
  /** Whether the last block was fine-tuned, too. */
  deep: boolean;
  result: Result | null;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A class of the site's earlier versions. */
interface Former {
  id: number;
  name: string;
  shots: { pixels: Uint8Array; drawn: boolean }[];
}

const database = databaseOf(
  'own-data',
  2,
  (db, before) => {
    if (before < 1) {
      db.createObjectStore('classes', { keyPath: 'id' });
      db.createObjectStore('models');
    }
    db.createObjectStore('groups', { keyPath: 'id' });
    db.createObjectStore('pictures', { keyPath: 'id' });
    db.createObjectStore('maps');
  },
  () => channel().dispatchEvent(new Event('message')), // whoever listens to other tabs looks anew
);

/** All classes and pictures, in the order in which they were made. */
export async function keptPictures(): Promise<{ groups: Group[]; pictures: Picture[] }> {
  const db = await database();
  await takeOver(db);
  const work = db.transaction(['groups', 'pictures']);
  const [groups, pictures] = await Promise.all([
    work.objectStore('groups').getAll(),
    work.objectStore('pictures').getAll(),
  ]);
  return { groups, pictures };
}

/** Makes drawings of the classes that the site's earlier versions kept. */
async function takeOver(db: IDBPDatabase): Promise<void> {
  const former: Former[] = await db.getAll('classes');
  if (!former.length) return;
  const pictures: Picture[] = [];
  for (const { id, shots } of former) {
    for (const { pixels, drawn } of shots) {
      pictures.push({ id: newId(), group: id, file: await ofGrey(pixels), isDrawn: drawn });
    }
  }
  const work = db.transaction(['classes', 'groups', 'pictures'], 'readwrite');
  if ((await work.objectStore('classes').count()) === former.length) {
    // Not yet done by another tab.
    for (const { id, name } of former) work.objectStore('groups').put({ id, way: 'drawings', name });
    for (const picture of pictures) work.objectStore('pictures').put(picture);
    work.objectStore('classes').clear();
  }
  await work.done;
}

/**
 * Keeps what has changed, or all or nothing of it; `gone` are ids. A class of `filled`, those of the changed pictures,
 * that another tab has removed meanwhile is kept again: no picture is without a class.
 */
export async function keepPictures(
  changed: { groups: Group[]; pictures: Picture[] },
  filled: Group[],
  gone: { groups: number[]; pictures: number[] },
): Promise<void> {
  const work = (await database()).transaction(['groups', 'pictures', 'maps'], 'readwrite');
  const groups = work.objectStore('groups');
  const bringBack = async (group: Group) => {
    if ((await groups.getKey(group.id)) === undefined) await groups.put(group);
  };
  await Promise.all([
    ...changed.groups.map((each) => groups.put(each)),
    ...filled.map(bringBack),
    ...changed.pictures.map((each) => work.objectStore('pictures').put(each)),
    ...gone.groups.map((id) => groups.delete(id)),
    ...gone.pictures.flatMap((id) => [work.objectStore('pictures').delete(id), work.objectStore('maps').delete(id)]),
    work.done,
  ]);
  channel().postMessage(null);
}

/** What the trunk makes of a picture. */
export const keptMaps = async (id: number): Promise<Uint8Array<ArrayBuffer> | undefined> =>
  (await database()).get('maps', id);

/** Without room it is computed again in the next visit. */
export const keepMaps = async (id: number, maps: Uint8Array): Promise<void> => {
  await (await database()).put('maps', maps, id);
};

export const keptModel = async (way: Way): Promise<Trained | null> =>
  (await (await database()).get('models', way)) ?? null;

export const keepModel = async (way: Way, trained: Trained): Promise<void> => {
  await (await database()).put('models', trained, way);
};

let called: BroadcastChannel | MessagePort | undefined;

/** Tells the site's other tabs. A browser that keeps nothing for the site may also refuse this; no tab then needs it. */
const channel = () => (called ??= opened());

function opened(): BroadcastChannel | MessagePort {
  try {
    return new BroadcastChannel('own-data');
  } catch {
    return new MessageChannel().port1; // which leads nowhere
  }
}

/**
 * Have something done when other pictures may be kept than before: another tab has changed them, or the browser has
 * closed the database. Gives what ends that.
 */
export function onChangedElsewhere(act: () => void): () => void {
  channel().addEventListener('message', act);
  return () => channel().removeEventListener('message', act);
}

let lastId = 0;

/** A number that grows, and that no other tab gives. */
export function newId(): number {
  const [random] = crypto.getRandomValues(new Uint8Array(1));
  lastId = Math.max(lastId + 256, Date.now() * 256 + random);
  return lastId;
}
