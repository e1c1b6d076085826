// The page's end of a worker: one Engine is one worker with one Python in it, apart from the network and, where it runs
// visitors' programs, from this site's origin. A worker that was terminated or died is never mended: the page makes a new Engine.
//
// What comes from the worker is data: results, reports and errors of calls, and wishes for files of the site.

import { CodedError, message, messageOf } from '../message.js';
import { download, isFile } from './downloads.js';
import { startIsolated } from './isolation.js';
import { watchPulse } from './pulse.js';
import { list, number, object, record, text, told } from './shapes.js';

/**
 * @typedef {import('./downloads.js').Progress} Progress
 *
 * @typedef {object} Call  one that waits
 * @property {(result: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {(value: any) => void} [report]
 */

/**
 * The worker's methods as the page calls them. A function may be the last argument: the worker tells it things, before
 * the result comes.
 *
 * @template Api
 * @typedef {{[K in keyof Api]: Api[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never}} Remote
 */

const STALL_MS = 60_000; // no byte and no result while loading
const MOST_MESSAGES = 2_000; // in a second; with more the page would not get to anything else

/** The worker is gone, and what it was computing with it. */
export class EngineGone extends CodedError {
  name = 'EngineGone';
}

/** Errors after which the same worker goes on working; any other one means that its Python is broken. */
const HARMLESS = ['PythonError', 'DownloadError'];

const messageShape = record({ kind: text });
const answerShape = record({ id: number });
const errorShape = record({ error: record({ name: text, message: told }) });
const wishShape = record({ name: text, paths: list(text) });

/** @template Api  what the worker answers */
export class Engine {
  #base;
  #onGone;
  #onFiles;
  /** @type {Promise<Worker>} */
  #worker;
  /** @type {Map<number, Call>} */
  #calls = new Map();
  #lastCall = 0;
  #isGone = false;
  /** Ends the watch over its pulse. */
  #unwatch = () => {};
  /** @type {Remote<Api>} */
  #api;
  /** Rejects when the worker is gone: its pending calls would wait for ever. @type {Promise<never>} */
  #gone;
  /** @type {(error: EngineGone) => void} */
  #giveUp = () => {};

  /**
   * @param {string} base  address of the site, with its last slash
   * @param {string} address  of the worker's module
   * @param {object} events
   * @param {(error: EngineGone) => void} events.onGone  called once, whether or not a call was waiting
   * @param {(name: string, progress: Progress) => void} [events.onFiles]  how files that the worker asked for arrive
   * @param {boolean} [isOwn]  whether it never runs a visitor's program, see isolation.js
   */
  constructor(base, address, { onGone, onFiles = () => {} }, isOwn = false) {
    this.#base = base;
    this.#onGone = onGone;
    this.#onFiles = onFiles;
    this.#gone = new Promise((_, reject) => (this.#giveUp = reject));
    this.#gone.catch(() => {}); // nobody may be waiting
    const call =
      (/** @type {string} */ method) =>
      (/** @type {unknown[]} */ ...args) =>
        this.#ask(method, args);
    this.#api = /** @type {Remote<Api>} */ (new Proxy({}, { get: (_, method) => call(String(method)) }));
    this.#worker = startIsolated(address, 'python', isOwn);
    this.#worker.then(
      (worker) => this.#listen(worker),
      (error) => this.terminate(messageOf(error)),
    );
  }

  /**
   * Calls the worker: `engine.call((api) => api.weights())`.
   *
   * @template T
   * @param {(api: Remote<Api>) => T} request
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
   * @param {(api: Remote<Api>) => T} request
   * @param {string[]} paths  files that it needs
   * @param {(progress: Progress) => void} onProgress
   * @returns {Promise<Awaited<T>>}
   */
  async load(request, paths, onProgress) {
    const stalled = () => this.terminate(message('stalled', { seconds: STALL_MS / 1000 }));
    let timer = setTimeout(stalled, STALL_MS);
    this.#bring(paths, (progress) => {
      clearTimeout(timer);
      timer = setTimeout(stalled, STALL_MS);
      onProgress(progress);
    });
    try {
      return await this.call(request);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the worker at once, whatever it does. @param {import('../message.js').Message} [reason] */
  terminate(reason = message('stopped')) {
    const error = new EngineGone(reason);
    this.#isGone = true;
    this.#unwatch();
    this.#worker.then(
      (worker) => worker.terminate(),
      () => {}, // there is none
    );
    this.#giveUp(error);
    this.#onGone(error);
    this.#onGone = () => {};
  }

  /** @param {Worker} worker */
  #listen(worker) {
    if (this.#isGone) return;
    this.#unwatch = watchPulse(worker, () => this.terminate(message('worker-ended')));
    worker.onerror = (event) => {
      event.preventDefault();
      this.terminate(event.message ? messageOf(new Error(event.message)) : message('worker-not-started'));
    };
    let second = 0;
    let count = 0;
    worker.onmessage = ({ data, timeStamp }) => {
      if (this.#isGone) return;
      if (timeStamp - second > 1000) [second, count] = [timeStamp, 0];
      if (++count > MOST_MESSAGES) return this.terminate(message('flooded'));
      try {
        this.#take(data);
      } catch (error) {
        this.terminate(messageOf(/** @type {Error} */ (error)));
      }
    };
  }

  /** @param {unknown} data  of the worker */
  #take(data) {
    const { kind } = messageShape(data);
    if (kind === 'files') {
      const { name, paths } = wishShape(data);
      return this.#bring(paths, (progress) => this.#onFiles(name, progress));
    }
    const { id } = answerShape(data);
    const call = this.#calls.get(id);
    if (!call) return;
    const { value } = object(data);
    if (kind === 'report') return call.report?.(value);
    this.#calls.delete(id);
    if (kind === 'result') return call.resolve(value);
    const { name, message: reason } = errorShape(data).error;
    call.reject(Object.assign(new CodedError(reason), { name }));
  }

  /** @param {string} method @param {unknown[]} args @returns {Promise<any>} */
  #ask(method, args) {
    const report = typeof args.at(-1) === 'function' ? /** @type {Call['report']} */ (args.pop()) : undefined;
    const id = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject, report });
      this.#post({ id, method, args, reports: report !== undefined }).catch(reject);
    });
  }

  /**
   * Hands files to the worker, each as it arrives.
   *
   * @param {string[]} paths
   * @param {(progress: Progress) => void} onProgress
   */
  #bring(paths, onProgress) {
    const known = paths.filter(isFile);
    for (const file of paths.filter((path) => !isFile(path))) {
      this.#post({ file, failure: message('download-refused', { file, status: 404 }) });
    }
    for (const [file, arriving] of download(this.#base, known, (progress) => this.#isGone || onProgress(progress))) {
      arriving.then(
        (content) => this.#post({ file, content }, content instanceof ArrayBuffer ? [content] : []),
        (error) => this.#post({ file, failure: messageOf(error) }),
      );
    }
  }

  /** @param {object} sent @param {Transferable[]} [moved] */
  async #post(sent, moved = []) {
    const worker = await this.#worker.catch(() => null);
    worker?.postMessage(sent, moved);
  }
}
