// What a worker does to be spoken to: it holds its life's lock, and its errors keep their codes on their way to the page.

import * as Comlink from 'comlink';
import { holdLife } from './life.js';
import { toldBy } from './python.js';

/** @param {object} api  what the page calls */
export function expose(api) {
  const handler = /** @type {Comlink.TransferHandler<any, any>} */ (Comlink.transferHandlers.get('throw'));
  Comlink.transferHandlers.set('throw', {
    ...handler,
    serialize(/** @type {{value: unknown}} */ thrown) {
      const [sent, moved] = handler.serialize(thrown);
      if (thrown.value instanceof Error) {
        const { code, values } = toldBy(thrown.value);
        Object.assign(sent.value, { code, values });
      }
      return [sent, moved];
    },
  });
  holdLife();
  Comlink.expose(api);
}
