// The worker's end of engine.ts: it answers calls, and has a pulse (pulse.ts).

import type { Message } from './message';
import type { FromWorker, ToWorker } from './protocol';
import { givePulse } from './pulse';
import { toldBy } from './python';

const LONGEST = 100_000; // letters of an error's text, of which the end tells most

const tell = (told: FromWorker) => postMessage(told);

/** Ids of the calls that are not answered yet. */
const due = new Set<number>();

/** Python has ended: all calls that are not answered yet fail. */
export function giveUp(reason: Message): void {
  for (const id of due) tell({ kind: 'error', id, error: { name: 'Error', message: reason } });
}

/**
 * Answers calls with the methods of an object. Where a call wants reports, the method gets a function for them as its last
 * argument.
 *
 * @param name  by which pages ask for it, where the worker answers several
 */
export function answer(answering: object, name = ''): void {
  const methods = answering as Record<string, (...args: unknown[]) => unknown>;
  addEventListener('message', async ({ data }: MessageEvent<ToWorker>) => {
    if (!('method' in data) || data.api !== name) return;
    const { id, method, args, reports } = data;
    due.add(id);
    const report = (value: unknown) => tell({ kind: 'report', id, value });
    try {
      tell({ kind: 'result', id, value: await methods[method](...args, ...(reports ? [report] : [])) });
    } catch (thrown) {
      const error = thrown as Error;
      const { code, values } = toldBy(error);
      tell({
        kind: 'error',
        id,
        error: { name: error.name, message: { code, values, text: error.message.slice(-LONGEST) } },
      });
    }
    due.delete(id);
  });
}

givePulse();
