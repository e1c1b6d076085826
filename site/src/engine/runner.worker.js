// The worker that runs a visitor's own Python, apart from training's: it may be ended at any moment.

import digits from '../../python/tab/digits.py?raw';
import inline from '../../python/tab/inline.py?raw';
import names from '../../python/tab/names.py?raw';
import outlet from '../../python/tab/outlet.py?raw';
import runner from '../../python/tab/runner.py?raw';
import running from '../../python/tab/running.py?raw';
import showing from '../../python/tab/showing.py?raw';
import training from '../../python/tab/training.py?raw';
import { CodedError, message } from '../message.js';
import { answer } from './answering.js';
import { loadMnist, loadPackages, loadWeights } from './packages.js';
import { loadPython, plain, writeModules } from './python.js';

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
 * @property {boolean} [shows]  whether the value of its last line is shown, and its figures; packages that it imports,
 *   MNIST, and pretrained weights are loaded then
 *
 * @typedef {{kind: 'image', type: string, data: Uint8Array<ArrayBuffer>, alt: string, scale: number}} Image
 *   a MIME type, the file, what it shows, and how many of its pixels make one of the page's
 * @typedef {{kind: 'graph', dot: string}} Graph  in Graphviz's language
 * @typedef {{kind: 'html', html: string}} Html  not to be trusted
 * @typedef {string | Image | Graph | Html} Output  of a program: text that it prints, or a thing that it shows
 *
 * @typedef {object} Name  that may stand where somebody types
 * @property {string} label
 * @property {'function' | 'class' | 'module' | 'property' | 'variable'} type
 * @property {string} detail  the signature
 * @property {string} info  first line of the documentation
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
   * @returns {Promise<import('./python.js').Versions>}
   */
  async load(base) {
    this.#py = await loadPython(base);
    writeModules(this.#py, { digits, inline, names, outlet, runner, running, showing, training });
    this.#runner = this.#py.pyimport('tab.runner');
    performance.mark('ready');
    return { pyodide: this.#py.version, ...plain(this.#py.pyimport('tab.running').versions()) };
  }

  /**
   * Runs a program to its end, after those that were called for before: they share variables and output.
   *
   * @param {Request} request
   * @param {(output: Output) => void} onOutput  told what it prints and shows, in order
   * @returns {Promise<Outcome>}
   */
  run(request, onOutput) {
    const outcome = this.#before.then(() => this.#run(request, onOutput));
    this.#before = outcome.catch(() => {});
    return outcome;
  }

  /** @param {Request} request @param {(output: Output) => void} onOutput @returns {Promise<Outcome>} */
  async #run({ code, inputs = {}, outputs = [], keeps = false, shows = false }, onOutput) {
    if (shows) {
      await loadPackages(this.#py, code);
      await loadMnist(this.#py, code);
      await loadWeights(this.#py, code);
    }
    const write = (/** @type {string} */ line) => onOutput(`${line}\n`); // what Python's own streams do not see
    this.#py.setStdout({ batched: write });
    this.#py.setStderr({ batched: write });
    const given = this.#py.toPy({ inputs, outputs });
    try {
      return plain(await this.#runner.run(code, given, onOutput, keeps, shows));
    } catch {
      // What the program raises is part of the outcome; this is runner.py itself that cannot go on.
      throw new CodedError(message('python-damaged'));
    } finally {
      given.destroy();
    }
  }

  /**
   * Names that may stand at a position of a program.
   *
   * @param {string} code
   * @param {number} position  in characters, not in UTF-16's units
   * @returns {Promise<Name[]>}
   */
  async complete(code, position) {
    return plain(this.#runner.complete(code, position));
  }

  /** Whether Python has ended for good, as it does after os.abort(), and leaves its callers waiting. */
  hasDied() {
    try {
      this.#py.runPython('');
      return false;
    } catch {
      return true;
    }
  }
}

const api = new Runner();
answer(api);
addEventListener('unhandledrejection', (event) => {
  if (!api.hasDied()) return;
  event.preventDefault();
  setTimeout(() => {
    throw event.reason; // an uncaught error is what the page hears
  });
});
