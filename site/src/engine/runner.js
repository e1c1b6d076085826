// Runs a visitor's Python. A program that does not end is ended with its worker; the next one finds a new worker,
// which stands ready where a spare is kept.

import { message, messageOf } from '../message.js';
import { PYODIDE_FILES } from './assets.js';
import { Engine, EngineGone } from './engine.js';
import { namesOf, outcomeOf, outputOf, versionsOf } from './programs.js';
import address from './runner.worker.js?worker&url';

/**
 * @typedef {import('./runner.worker.js').RunnerApi} RunnerApi
 * @typedef {import('./runner.worker.js').Request} Request
 * @typedef {import('./runner.worker.js').Outcome} Outcome
 * @typedef {import('./runner.worker.js').Output} Output
 * @typedef {import('./runner.worker.js').Name} Name
 * @typedef {import('./downloads.js').Progress} Progress
 * @typedef {import('./python.js').Versions} Versions
 *
 * @typedef {object} Events
 * @property {(progress: Progress) => void} [onProgress]  while Python loads
 * @property {(name: string, progress: Progress) => void} [onFiles]  while what a program imports loads
 * @property {(versions: Versions) => void} [onReady]  each time that a Python is there
 * @property {(error: EngineGone) => void} [onGone]  when the Python at work has ended, stopped or not
 */

/** @typedef {{engine: Engine<RunnerApi>, ready: Promise<void>}} Place  a worker, and when its Python stands */

export class Runner {
  #base;
  #events;
  #keepsSpare;
  /** @type {Place | null} */
  #present = null;
  /** @type {Place | null} */
  #spare = null;

  /**
   * @param {string} base  address of the site, with its last slash
   * @param {Events} [events]
   * @param {boolean} [keepsSpare]  whether a second worker is loaded as soon as the first has something to do
   */
  constructor(base, events = {}, keepsSpare = false) {
    this.#base = base;
    this.#events = events;
    this.#keepsSpare = keepsSpare;
  }

  /** Loads Python, unless it is there. @returns {Promise<void>} */
  load() {
    this.#present ??= this.#take();
    return this.#present.ready;
  }

  /**
   * Runs a program.
   *
   * @param {Request} request
   * @param {object} [options]
   * @param {(output: Output) => void} [options.onOutput]
   * @param {number} [options.seconds]  after which it is ended; for ever if left out
   * @returns {Promise<Outcome>}
   * @throws {EngineGone} when it was stopped or its worker died
   */
  async run(request, { onOutput = () => {}, seconds } = {}) {
    await this.load();
    const { engine } = /** @type {Place} */ (this.#present);
    if (this.#keepsSpare) this.#spare ??= this.#start();
    const late = (/** @type {number} */ limit) => this.stop(message('stopped-late', { seconds: limit }));
    const timer = seconds === undefined ? undefined : setTimeout(late, seconds * 1000, seconds);
    try {
      return await engine.call(async (api) =>
        outcomeOf(await api.run(request, (output) => onOutput(outputOf(output)))),
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Names that may stand at a position of a program.
   *
   * @param {string} code
   * @param {number} position
   * @returns {Promise<Name[]>}
   */
  async complete(code, position) {
    if (!this.#present) return [];
    const { engine, ready } = this.#present;
    await ready;
    const characters = [...code.slice(0, position)].length;
    return engine.call(async (api) => namesOf(await api.complete(code, characters)));
  }

  /** Ends the program and its variables at once. @param {import('../message.js').Message} [reason] */
  stop(reason) {
    this.#present?.engine.terminate(reason);
  }

  /** @returns {Place} */
  #take() {
    const place = this.#spare ?? this.#start();
    this.#spare = null;
    return place;
  }

  /** @returns {Place} */
  #start() {
    /** @type {Engine<RunnerApi>} */
    const engine = new Engine(this.#base, address, {
      onGone: (error) => {
        if (this.#spare?.engine === engine) this.#spare = null;
        if (this.#present?.engine !== engine) return;
        this.#present = null;
        this.#events.onGone?.(error);
      },
      onFiles: this.#events.onFiles,
    });
    const ready = engine
      .load(
        async (api) => versionsOf(await api.load(this.#base)),
        PYODIDE_FILES,
        (progress) => this.#events.onProgress?.(progress),
      )
      .then(
        (versions) => this.#events.onReady?.(versions),
        (error) => {
          engine.terminate(messageOf(error)); // the next load() tries again
          throw error;
        },
      );
    ready.catch(() => {}); // whoever waits for it is told
    return { engine, ready };
  }
}

export { EngineGone };
