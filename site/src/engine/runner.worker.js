// The worker that runs a visitor's own Python, apart from training's: it may be ended at any moment.

import * as Comlink from 'comlink';
import runner from '../../python/runner.py?raw';
import running from '../../python/running.py?raw';
import training from '../../python/training.py?raw';
import { Downloads } from './downloads.js';
import { loadPython, plain, PYODIDE_FILES, writeModules } from './python.js';

/**
 * @typedef {import('./python.js').Pyodide} Pyodide
 *
 * @typedef {{shape: number[], data: Float64Array<ArrayBuffer>}} Values  numbers of one array, last axis fastest
 *
 * @typedef {object} Fault  an exception of the visitor's program
 * @property {string} message  `ValueError: ...`
 * @property {string} traceback  of the program's own lines
 * @property {number | null} line  of the program, from 1, where it happened
 *
 * @typedef {object} Request  one program
 * @property {string} code
 * @property {Record<string, unknown>} [inputs]  variables that it finds: numbers, strings, nested lists of numbers
 * @property {string[]} [outputs]  variables that it is asked for
 * @property {boolean} [keeps]  whether it goes on with the variables of the program before
 *
 * @typedef {object} Outcome
 * @property {Record<string, Values | string>} values  the outputs; arrays and numbers as Values, others as text
 * @property {Fault | null} fault
 */

/** @typedef {Runner} RunnerApi */

class Runner {
  /** @type {Pyodide} */
  #py = /** @type {any} */ (null);
  /** runner.py. @type {any} */
  #runner = null;
  /** Settled once no program runs. @type {Promise<unknown>} */
  #before = Promise.resolve();

  /**
   * Loads Pyodide, NumPy and pyconvlite.
   *
   * @param {string} base  address of the site, with its last slash
   * @param {(progress: import('./downloads.js').Progress) => void} onProgress
   * @returns {Promise<import('./python.js').Versions>}
   */
  async load(base, onProgress) {
    this.#py = await loadPython(base, new Downloads(base, onProgress, PYODIDE_FILES));
    writeModules(this.#py, { runner, running, training });
    this.#runner = this.#py.pyimport('runner');
    return { pyodide: this.#py.version, ...plain(this.#py.pyimport('running').versions()) };
  }

  /**
   * Runs a program to its end, after those that were called for before: they share variables and output.
   *
   * @param {Request} request
   * @param {(text: string) => void} onOutput  what it prints, as it prints it
   * @returns {Promise<Outcome>}
   */
  run(request, onOutput) {
    const outcome = this.#before.then(() => this.#run(request, onOutput));
    this.#before = outcome.catch(() => {});
    return outcome;
  }

  /** @param {Request} request @param {(text: string) => void} onOutput @returns {Promise<Outcome>} */
  async #run({ code, inputs = {}, outputs = [], keeps = false }, onOutput) {
    const write = (/** @type {string} */ line) => onOutput(`${line}\n`);
    this.#py.setStdout({ batched: write });
    this.#py.setStderr({ batched: write });
    const given = this.#py.toPy({ inputs, outputs });
    try {
      return plain(await this.#runner.run(code, given, keeps));
    } finally {
      given.destroy();
    }
  }
}

Comlink.expose(new Runner());
