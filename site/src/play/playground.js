// The playground: what runs, what came of it, and the state that follows. It knows no element.

import { EngineGone, Runner } from '../engine/runner.js';
import { faultOf } from '../fault.js';
import { texts } from '../language.js';
import { messageOf, told } from '../message.js';
import { Store } from '../store.js';

/**
 * @typedef {import('../engine/downloads.js').Progress} Progress
 * @typedef {import('../engine/runner.worker.js').Output} ProgramOutput
 * @typedef {import('./output.js').Output} Output
 *
 * @typedef {object} PlayState
 * @property {'loading' | 'failed' | 'idle' | 'running'} phase
 * @property {Progress | null} progress  of a download
 * @property {string} loads  what is downloaded then
 * @property {import('../engine/python.js').Versions | null} versions
 * @property {() => string} notice  what just happened, in the visitor's language
 * @property {import('../fault.js').Fault | null} fault  that ended Python
 * @property {number | null} line  of the program, where it failed
 */

const text = texts(
  {
    loading: 'Python is starting.',
    ready: 'Ready.',
    running: 'Running …',
    fetching: (/** @type {string} */ name) => `Loading ${name}.`,
    done: (/** @type {string} */ seconds) => `Done in ${seconds} s.`,
    failedOn: (/** @type {string} */ message, /** @type {number} */ line) => `Line ${line}: ${message}`,
    stopped: 'Stopped. The program’s variables are gone.',
    gone: 'Python ended, and the program’s variables are gone.',
  },
  {
    loading: 'Python を起動しています。',
    ready: '準備ができました。',
    running: '実行しています …',
    fetching: (name) => `${name} を読み込んでいます。`,
    done: (seconds) => `${seconds} 秒で終わりました。`,
    failedOn: (message, line) => `${line} 行目: ${message}`,
    stopped: '停止しました。プログラムの変数は失われました。',
    gone: 'Python が終了し、プログラムの変数は失われました。',
  },
);

/** @extends {Store<PlayState>} */
export class Playground extends Store {
  #runner;
  #output;
  /** The program whose output is taken; none any more, once it was stopped. @type {symbol | null} */
  #program = null;

  /**
   * @param {string} base  address of the site, with its last slash
   * @param {Output} output
   */
  constructor(base, output) {
    super({
      phase: 'loading',
      progress: null,
      loads: 'Python',
      versions: null,
      notice: () => text().loading,
      fault: null,
      line: null,
    });
    this.#output = output;
    const events = {
      onProgress: (/** @type {PlayState['progress']} */ progress) => {
        if (this.state.phase === 'loading') this.set({ progress, loads: 'Python' }); // not of a spare
      },
      onFiles: (/** @type {string} */ name, /** @type {Progress} */ progress) => {
        if (this.state.phase === 'running') this.#showFiles(name, progress);
      },
      onReady: (/** @type {PlayState['versions']} */ versions) => this.set({ versions }),
      onGone: (/** @type {EngineGone} */ error) => {
        if (this.state.phase === 'idle') this.#fail(error);
      },
    };
    this.#runner = new Runner(base, events, true);
  }

  /** Starts Python, or takes the spare one. @param {() => string} [notice]  once it is there */
  async start(notice = () => text().ready) {
    this.set({ phase: 'loading', progress: null, fault: null, notice: () => text().loading });
    try {
      await this.#runner.load();
      this.set({ phase: 'idle', progress: null, notice });
    } catch (error) {
      this.#fail(/** @type {Error} */ (error));
    }
  }

  /** Runs a program from its beginning. @param {string} code */
  async run(code) {
    this.#output.clear();
    await this.#execute(code, false);
  }

  /** Runs one more line, with the variables of the program. @param {string} line */
  async enter(line) {
    this.#output.add({ kind: 'entry', text: line });
    await this.#execute(line, true);
  }

  /** Ends the program at once, and its Python with it. */
  stop() {
    this.#program = null; // what it printed and is still on its way is left out
    this.#runner.stop();
  }

  /**
   * Names for the editor to offer.
   *
   * @param {string} code
   * @param {number} position
   */
  async complete(code, position) {
    if (this.state.phase !== 'idle') return []; // Python is busy
    try {
      return await this.#runner.complete(code, position);
    } catch {
      return []; // it was ended meanwhile, which onGone tells
    }
  }

  /** @param {string} code @param {boolean} keeps  the variables */
  async #execute(code, keeps) {
    if (this.state.phase !== 'idle') return;
    const program = Symbol('program');
    this.#program = program;
    this.set({ phase: 'running', line: null, notice: () => text().running });
    const began = performance.now();
    try {
      const onOutput = (/** @type {ProgramOutput} */ output) => {
        if (program === this.#program) this.#take(output);
      };
      const { fault } = await this.#runner.run({ code, keeps, shows: true }, { onOutput });
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const line = keeps ? null : (fault?.line ?? null);
      if (fault) this.#output.add({ kind: 'fault', text: fault.traceback, line });
      this.set({ phase: 'idle', progress: null, line, notice: noticeOf(fault && { ...fault, line }, seconds) });
    } catch (thrown) {
      const error = /** @type {Error} */ (thrown);
      if (this.#program === null) {
        this.#output.add({ kind: 'stopped' });
        await this.start(() => text().stopped);
      } else if (error instanceof EngineGone) {
        this.#fail(error);
      } else {
        // A package that could not be fetched: Python goes on.
        const message = messageOf(error);
        this.#output.add({ kind: 'fault', text: told(message), line: null });
        this.set({ phase: 'idle', progress: null, notice: () => told(message) });
      }
    }
  }

  /** @param {ProgramOutput} output */
  #take(output) {
    if (typeof output === 'string') this.#output.print(output);
    else this.#output.add(output);
  }

  /** Shows how what the program imports arrives. @param {string} name @param {Progress} progress */
  #showFiles(name, progress) {
    const over = progress.loaded === progress.total;
    const notice = () => (over ? text().running : text().fetching(name));
    this.set({ progress: over ? null : progress, loads: name, notice });
  }

  /** @param {Error} error */
  #fail(error) {
    const began = this.state.versions !== null;
    const notice = () => (began ? text().gone : '');
    this.set({ phase: 'failed', progress: null, fault: faultOf(error, false), notice });
  }
}

/**
 * @param {{message: string, line: number | null} | null} fault
 * @param {string} seconds
 * @returns {() => string}
 */
function noticeOf(fault, seconds) {
  if (!fault) return () => text().done(seconds);
  const { message, line } = fault;
  return () => (line === null ? message : text().failedOn(message, line));
}
