// The page's end of a worker that runs Python. The worker has no network, and an opaque origin where it runs visitors'
// programs (isolation.ts). After its end the page makes a new Engine. What a worker sends, and how the next page gets it, is
// in pythonWorker.ts.

import { type Progress, STALL_MS } from './downloads';
import { CodedError, type Message, message, messageOf } from './message';
import type { Remote } from './protocol';
import { PythonWorker } from './pythonWorker';

interface Events {
  /** Called once, whether or not a call was waiting. */
  onGone: (error: EngineGone) => void;
  /** How files that the worker asked for arrive. */
  onFiles?: (name: string, progress: Progress) => void;
}

/** After so long without a result, a new worker that has all its files is restarted: in Firefox some hang in `new Worker`. */
const HUNG_MS = 20_000;

/** The worker is gone, and what it was computing with it. */
export class EngineGone extends CodedError {
  override name = 'EngineGone';
}

/** Errors after which the worker can still be used; after any other one its Python may be broken. */
const HARMLESS = ['PythonError', 'DownloadError'];

/** `Api` is the class whose methods the worker answers. */
export class Engine<Api> {
  readonly #python: PythonWorker;
  readonly #api: Remote<Api>;
  /** Rejects when the worker is gone or given back, so that no call waits for ever. */
  readonly #gone: Promise<never>;
  #giveUp: (error: EngineGone) => void = () => {};
  #isOver = false;
  /** Whether it has something to forget. */
  #isLoaded = false;

  /**
   * @param address  of the worker's module
   * @param isOwn  whether it never runs a visitor's program, see isolation.ts
   * @param api  which of those that it answers, where it has several
   */
  constructor(address: string, { onGone, onFiles = () => {} }: Events, isOwn = false, api = '') {
    this.#gone = new Promise((_, reject) => {
      this.#giveUp = reject;
    });
    this.#gone.catch(() => {}); // nobody may be waiting
    this.#python = PythonWorker.take(address, isOwn);
    this.#python.user = {
      onGone: (reason) => onGone(this.#end(reason)),
      onFiles,
      onProgress: () => {},
    };
    const call =
      (method: string) =>
      (...args: unknown[]) =>
        this.#isOver ? this.#gone : this.#python.ask(api, method, args);
    this.#api = new Proxy({}, { get: (_, method) => call(String(method)) }) as Remote<Api>;
  }

  /**
   * Calls the worker: `engine.call((api) => api.weights())`. A function may be the last argument of a method: the
   * worker tells it things, before the result comes.
   *
   * @throws {EngineGone} when the worker is gone or its Python broken
   */
  async call<T>(request: (api: Remote<Api>) => T): Promise<Awaited<T>> {
    try {
      return await Promise.race([request(this.#api), this.#gone]);
    } catch (thrown) {
      const error = thrown as Error;
      if (error instanceof EngineGone || HARMLESS.includes(error.name)) throw error;
      this.terminate(messageOf(error));
      return this.#gone;
    }
  }

  /**
   * Calls what loads. A worker from which neither a byte nor the result comes for a minute is given up; a new one that has
   * all its files is replaced before, once.
   *
   * @param paths  files that it needs
   */
  async load<T>(
    request: (api: Remote<Api>) => T,
    paths: string[],
    onProgress: (progress: Progress) => void,
  ): Promise<Awaited<T>> {
    const stalled = () => this.terminate(message('stalled', { seconds: STALL_MS / 1000 }));
    const hung = () => {
      if (!hasRestarted && this.#python.restart()) hasRestarted = true;
    };
    let hasRestarted = false;
    let timers: number[] = [];
    const watch = () => {
      timers.forEach(clearTimeout);
      timers = [setTimeout(stalled, STALL_MS), setTimeout(hung, HUNG_MS)];
    };
    watch();
    if (!this.#isOver) {
      this.#python.user.onProgress = (progress) => {
        watch();
        onProgress(progress);
      };
      this.#python.bring(paths);
    }
    try {
      const result = await this.call(request);
      this.#isLoaded = true;
      return result;
    } finally {
      timers.forEach(clearTimeout);
    }
  }

  /** Ends the worker at once, whatever it does. */
  terminate(reason?: Message): void {
    if (!this.#isOver) this.#python.terminate(reason);
  }

  /**
   * The page is left: the worker stays for the next one that needs such a worker.
   *
   * @param forget  has it forget what it had for this page
   */
  release(forget: (api: Remote<Api>) => Promise<unknown>): void {
    if (this.#isOver) return;
    if (this.#isLoaded) forget(this.#api).catch((error) => this.#python.terminate(messageOf(error)));
    this.#end(message('stopped'));
    this.#python.giveBack();
  }

  #end(reason: Message): EngineGone {
    const error = new EngineGone(reason);
    this.#isOver = true;
    this.#giveUp(error);
    return error;
  }
}
