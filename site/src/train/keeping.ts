// What the browser keeps of the training page until the next visit: the model with its curves, what was looked at, and
// the runs before.

import { database as databaseOf } from '../app/database';
import type { Checkpoint, PastRun, Source } from './state';

interface Work {
  checkpoint: Checkpoint;
  source: Source;
  runs: PastRun[];
}

const WAIT_MS = 2_000; // a browser that does not answer shall not keep the page from its start
const REST_MS = 500; // between two writes of the same: each piece of a stroke makes another drawing

const database = databaseOf('training', (db) => void db.createObjectStore('work'));

/** What was kept last; null where that is nothing, undefined where the browser cannot tell, or not in time. */
export async function kept<K extends keyof Work>(name: K): Promise<Work[K] | null | undefined> {
  const read = async () => (await (await database()).get('work', name)) ?? null;
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, WAIT_MS));
  return Promise.race([read(), late]).catch(() => undefined);
}

/**
 * A function that keeps what it is given; while one is being written, the latest waits and those between are dropped.
 *
 * `onKept` is told how it went: null, or a QuotaExceededError where there is no room.
 */
export function keeper<K extends keyof Work>(name: K, onKept: (error: Error | null) => void): (value: Work[K]) => void {
  let latest: Work[K] | null = null;
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
        onKept(error as Error);
      }
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
    isWriting = false;
  };
  return (value) => {
    latest = value;
    if (!isWriting) write();
  };
}
