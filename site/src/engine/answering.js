// What a worker does to be spoken to by engine.js: it answers calls, and has a pulse.

import { givePulse } from './pulse.js';
import { toldBy } from './python.js';

/** @param {any} api  its methods are called by their names; the last argument may tell what happens meanwhile */
export function answer(api) {
  addEventListener('message', async ({ data }) => {
    if (!('method' in data)) return;
    const { id, method, args, reports } = data;
    const report = (/** @type {unknown} */ value) => postMessage({ kind: 'report', id, value });
    try {
      postMessage({ kind: 'result', id, value: await api[method](...args, ...(reports ? [report] : [])) });
    } catch (thrown) {
      const error = /** @type {Error} */ (thrown);
      const { code, values } = toldBy(error);
      postMessage({ kind: 'error', id, error: { name: error.name, message: { code, values, text: error.message } } });
    }
  });
  givePulse();
}
