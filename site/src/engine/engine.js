// The page's end of the worker: one Engine is one worker with one Python in it. A worker that was terminated or died
// is never mended: the page makes a new Engine.

import * as Comlink from 'comlink';

/** @typedef {import('./engine.worker.js').EngineApi} EngineApi */

/** The worker is gone, and what it was computing with it. */
export class EngineGone extends Error {
  name = 'EngineGone';
}

/** Errors after which the same worker goes on working; any other one means that its Python is broken. */
const HARMLESS = ['PythonError', 'DownloadError'];

export class Engine {
  #worker;
  /** @type {Comlink.Remote<EngineApi>} */
  #api;
  #onGone;
  /** Rejects when the worker is gone: its pending calls would wait for ever. @type {Promise<never>} */
  #gone;
  /** @type {(error: EngineGone) => void} */
  #giveUp = () => {};

  /** @param {(error: EngineGone) => void} onGone  called once, whether or not a call was waiting */
  constructor(onGone) {
    this.#onGone = onGone;
    this.#gone = new Promise((_, reject) => (this.#giveUp = reject));
    this.#gone.catch(() => {}); // nobody may be waiting
    this.#worker = new Worker(new URL('./engine.worker.js', import.meta.url), { type: 'module', name: 'python' });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.terminate(event.message || 'the worker could not be started');
    };
    this.#api = Comlink.wrap(this.#worker);
  }

  /**
   * Calls the worker: `engine.call((api) => api.weights())`.
   *
   * @template T
   * @param {(api: Comlink.Remote<EngineApi>) => T} request
   * @returns {Promise<Awaited<T>>}
   * @throws {EngineGone} when the worker is gone or its Python broken
   */
  async call(request) {
    try {
      return await Promise.race([request(this.#api), this.#gone]);
    } catch (thrown) {
      const error = /** @type {Error} */ (thrown);
      if (error instanceof EngineGone || HARMLESS.includes(error.name)) throw error;
      this.terminate(error.message);
      return this.#gone;
    }
  }

  /** Ends the worker at once, whatever it does. @param {string} reason */
  terminate(reason) {
    const error = new EngineGone(reason);
    this.#worker.terminate();
    this.#giveUp(error);
    this.#onGone(error);
    this.#onGone = () => {};
  }
}
