// What the browser keeps of the visitor's own data until the next visit: the classes, and the model trained on them.

import { openDB } from 'idb';

/**
 * @typedef {import('./collection.js').Class} Class
 * @typedef {import('../lab-state.js').Model} Model
 * @typedef {{model: Model, ids: number[], bytes: Uint8Array<ArrayBuffer>}} Trained  weights, and the classes that they tell apart
 */

/** Opened when it is first needed. @type {ReturnType<typeof open> | undefined} */
let opened;

const database = () => (opened ??= open());

const open = () =>
  openDB('own-data', 1, {
    upgrade(db) {
      db.createObjectStore('classes', { keyPath: 'id' });
      db.createObjectStore('models');
    },
  });

/** The classes in the order in which they were made. @returns {Promise<Class[]>} */
export const keptClasses = async () => (await database()).getAll('classes');

/**
 * Keeps what has changed, or all or nothing of it.
 *
 * @param {Class[]} changed  new ones, too
 * @param {number[]} gone  their ids
 */
export async function keepClasses(changed, gone) {
  const work = (await database()).transaction('classes', 'readwrite');
  await Promise.all([
    ...changed.map((each) => work.store.put(each)),
    ...gone.map((id) => work.store.delete(id)),
    work.done,
  ]);
  channel.postMessage(null);
}

/** Tells the site's other tabs. */
const channel = new BroadcastChannel('own-data');

/** Have something done when another tab has changed the classes. @param {() => void} act */
export const onOtherTab = (act) => channel.addEventListener('message', act);

/** @returns {Promise<Trained | null>} */
export const keptModel = async () => (await (await database()).get('models', 'latest')) ?? null;

/** @param {Trained} trained */
export const keepModel = async (trained) => (await database()).put('models', trained, 'latest');
