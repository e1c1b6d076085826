// What the browser keeps of the training page until the next visit: the model with its curves, and what was looked at.

import { openDB } from 'idb';

/**
 * @typedef {import('./lab-state.js').Checkpoint} Checkpoint
 * @typedef {import('./lab-state.js').Source} Source
 * @typedef {{checkpoint: Checkpoint, source: Source}} Work
 */

const WAIT_MS = 2_000; // a browser that does not answer shall not keep the page from its start

/** Opened when it is first needed. @type {ReturnType<typeof open> | undefined} */
let opened;

const database = () => (opened ??= open());

const open = () =>
  openDB('training', 1, {
    upgrade: (db) => void db.createObjectStore('work'),
  });

/**
 * What was kept last; null where there is nothing, or the browser keeps nothing for this site.
 *
 * @template {keyof Work} K
 * @param {K} name
 * @returns {Promise<Work[K] | null>}
 */
export async function kept(name) {
  const read = async () => (await (await database()).get('work', name)) ?? null;
  const late = new Promise((resolve) => setTimeout(resolve, WAIT_MS, null));
  return Promise.race([read(), late]).catch(() => null);
}

/**
 * A function that keeps what it is given; while one is being written, the latest waits and those between are dropped.
 *
 * @template {keyof Work} K
 * @param {K} name
 * @param {(error: Error | null) => void} onKept  told how it went: null, or a QuotaExceededError where there is no room
 * @returns {(value: Work[K]) => void}
 */
export function keeper(name, onKept) {
  /** @type {Work[K] | null} */
  let latest = null;
  let isWriting = false;
  const write = async () => {
    isWriting = true;
    while (latest !== null) {
      const value = latest;
      latest = null;
      try {
        await (await database()).put('work', value, name);
        onKept(null);
      } catch (error) {
        onKept(/** @type {Error} */ (error));
      }
    }
    isWriting = false;
  };
  return (value) => {
    latest = value;
    if (!isWriting) write();
  };
}
