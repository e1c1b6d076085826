// The page's end of the worker: one Engine is one worker with one Python in it. A worker that was terminated or died
// is never mended: the page makes a new Engine.

import * as Comlink from 'comlink';
import { CodedError, message, messageOf } from '../message.js';
import { nameLife, watchLife } from './life.js';

/** @typedef {import('./downloads.js').Progress} Progress */

const STALL_MS = 60_000; // no byte and no result while loading

/** The worker is gone, and what it was computing with it. */
export class EngineGone extends CodedError {
  name = 'EngineGone';
}

/** Errors after which the same worker goes on working; any other one means that its Python is broken. */
const HARMLESS = ['PythonError', 'DownloadError'];

/** @template Api  what the worker exposes */
export class Engine {
  #worker;
  /** @type {Comlink.Remote<Api>} */
  #api;
  #onGone;
  #life;
  /** Rejects when the worker is gone: its pending calls would wait for ever. @type {Promise<never>} */
  #gone;
  /** @type {(error: EngineGone) => void} */
  #giveUp = () => {};

  /**
   * @param {Worker} worker  just made
   * @param {(error: EngineGone) => void} onGone  called once, whether or not a call was waiting
   */
  constructor(worker, onGone) {
    this.#onGone = onGone;
    this.#gone = new Promise((_, reject) => (this.#giveUp = reject));
    this.#gone.catch(() => {}); // nobody may be waiting
    this.#worker = worker;
    this.#life = nameLife(worker);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.terminate(event.message ? messageOf(new Error(event.message)) : message('worker-not-started'));
    };
    this.#api = Comlink.wrap(worker);
  }

  /**
   * Calls the worker: `engine.call((api) => api.weights())`.
   *
   * @template T
   * @param {(api: Comlink.Remote<Api>) => T} request
   * @returns {Promise<Awaited<T>>}
   * @throws {EngineGone} when the worker is gone or its Python broken
   */
  async call(request) {
    try {
      return await Promise.race([request(this.#api), this.#gone]);
    } catch (thrown) {
      const error = /** @type {Error} */ (thrown);
      if (error instanceof EngineGone || HARMLESS.includes(error.name)) throw error;
      this.terminate(messageOf(error));
      return this.#gone;
    }
  }

  /**
   * Calls what loads; a worker from which neither a byte nor the result comes for a minute is given up.
   *
   * @template T
   * @param {(api: Comlink.Remote<Api>, report: (progress: Progress) => void) => T} request
   * @param {(progress: Progress) => void} onProgress
   * @returns {Promise<Awaited<T>>}
   */
  async load(request, onProgress) {
    const stalled = () => this.terminate(message('stalled', { seconds: STALL_MS / 1000 }));
    let timer = setTimeout(stalled, STALL_MS);
    let loaded = false;
    const report = Comlink.proxy((/** @type {Progress} */ progress) => {
      if (loaded) return; // it came later than the result, by another channel
      clearTimeout(timer);
      timer = setTimeout(stalled, STALL_MS);
      onProgress(progress);
    });
    try {
      const result = await this.call((api) => request(api, report));
      watchLife(this.#life, () => this.terminate(message('worker-ended')));
      return result;
    } finally {
      loaded = true;
      clearTimeout(timer);
    }
  }

  /** Ends the worker at once, whatever it does. @param {import('../message.js').Message} [reason] */
  terminate(reason = message('stopped')) {
    const error = new EngineGone(reason);
    this.#worker.terminate();
    this.#giveUp(error);
    this.#onGone(error);
    this.#onGone = () => {};
  }
}
