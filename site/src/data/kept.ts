// What the browser keeps of the visitor's own pictures until the next visit: classes, pictures, what the network's trunk
// makes of each, and what was learnt.

import { database as databaseOf } from '../app/database';
import type { Result, Way } from '../engine/learners';

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
}

/** A network, and what it has learnt. */
export interface Trained {
  /** The classes that it tells apart, in its order. */
  groups: number[];
  /** How they were called, for those that are deleted since. */
  names: string[];
  /** The pictures that there were, and the place of each one's class. */
  numbers: number[];
  labels: number[];
  /** Whether the last block was fine-tuned, too. */
  deep: boolean;
  result: Result | null;
  bytes: Uint8Array<ArrayBuffer>;
}

const database = databaseOf(
  'own-pictures',
  (db) => {
    db.createObjectStore('models');
    db.createObjectStore('groups', { keyPath: 'id' });
    db.createObjectStore('pictures', { keyPath: 'id' });
    db.createObjectStore('maps');
  },
  () => channel().dispatchEvent(new Event('message')), // whoever listens to other tabs looks anew
);

/** All classes and pictures, in the order in which they were made. */
export async function keptPictures(): Promise<{ groups: Group[]; pictures: Picture[] }> {
  const work = (await database()).transaction(['groups', 'pictures']);
  const [groups, pictures] = await Promise.all([
    work.objectStore('groups').getAll(),
    work.objectStore('pictures').getAll(),
  ]);
  return { groups, pictures };
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
    return new BroadcastChannel('own-pictures');
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
