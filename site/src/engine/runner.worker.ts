// The worker that runs a visitor's own Python, apart from training's: it may be ended at any moment.

import dark from '../../python/tab/dark.py?raw';
import digits from '../../python/tab/digits.py?raw';
import inline from '../../python/tab/inline.py?raw';
import names from '../../python/tab/names.py?raw';
import outlet from '../../python/tab/outlet.py?raw';
import restoring from '../../python/tab/restoring.py?raw';
import runner from '../../python/tab/runner.py?raw';
import running from '../../python/tab/running.py?raw';
import showing from '../../python/tab/showing.py?raw';
import training from '../../python/tab/training.py?raw';
import { answer, giveUp } from './answering';
import { Folder, type FoundFile } from './folder';
import { CodedError, DownloadError, message } from './message';
import { loadMnist, loadPackages, loadWeights } from './packages';
import type { Name, Outcome, Output } from './programs';
import type { Versions } from './protocol';
import { loadPython, type Pyodide, type PyProxy, plain, writeModules } from './python';

/** runner.py, as far as it is called from here. */
interface RunnerModule {
  run(
    code: string,
    given: PyProxy,
    onOutput: (output: Output) => void,
    keeps: boolean,
    shows: boolean,
  ): Promise<PyProxy>;
  complete(code: string, position: number): PyProxy;
}

/** One program. */
export interface Request {
  code: string;
  /** Lines ahead of it, which run once: what they set is there again for the next program that has the same. */
  before?: string;
  /** Variables that it finds: numbers, strings, nested lists of numbers. */
  inputs?: Record<string, unknown>;
  /** Variables that it is asked for. */
  outputs?: string[];
  /** Whether it goes on with the variables of the program before. */
  keeps?: boolean;
  /**
   * Whether the value of its last line is shown, and its figures; packages that it imports, MNIST, and pretrained
   * weights are loaded then.
   */
  shows?: boolean;
}

const MOST_LETTERS = 10_000; // of one line

export class Interpreter {
  #py!: Pyodide;
  #runner!: RunnerModule;
  /** Has a program find Python as the first one did. */
  #restore!: () => void;
  /** Where programs read and write. */
  #folder!: Folder;
  /** Settled once no program runs. */
  #before: Promise<unknown> = Promise.resolve();

  /** Loads Pyodide, NumPy and pyconvlite. `base` is the site's address, with its last slash. */
  async load(base: string): Promise<Versions> {
    this.#py = await loadPython(base);
    this.#folder = new Folder(this.#py.FS);
    writeModules(this.#py, { dark, digits, inline, names, outlet, restoring, runner, running, showing, training });
    this.#runner = this.#py.pyimport('tab.runner');
    this.#restore = this.#py.pyimport('tab.restoring').restore;
    performance.mark('ready');
    return { pyodide: this.#py.version, ...plain(this.#py.pyimport('tab.running').versions()) };
  }

  /**
   * Runs a program to its end, after those that were called for before: they share variables and output.
   *
   * @param onOutput  told what it prints and shows, in order
   */
  run(request: Request, onOutput: (output: Output) => void): Promise<Outcome> {
    const outcome = this.#before.then(() => this.#run(request, onOutput));
    this.#before = outcome.catch(() => {});
    return outcome;
  }

  async #run(
    { code, before = '', inputs = {}, outputs = [], keeps = false, shows = false }: Request,
    onOutput: (output: Output) => void,
  ): Promise<Outcome> {
    // What Python's own streams do not see.
    const write = (line: string) => onOutput(`${line.slice(-MOST_LETTERS)}\n`);
    this.#py.setStdout({ batched: write });
    this.#py.setStderr({ batched: write });
    let given: PyProxy | undefined;
    try {
      if (!keeps) this.#restore();
      if (shows) {
        await loadPackages(this.#py, [code, ...this.#folder.modules()].join('\n'));
        await loadMnist(this.#py, code);
        await loadWeights(this.#py, code);
      }
      given = this.#py.toPy({ before, inputs, outputs }) as PyProxy;
      return plain(await this.#runner.run(code, given, onOutput, keeps, shows));
    } catch (error) {
      if (error instanceof DownloadError) throw error; // Python goes on without a package
      // What the program raises is part of the outcome; this is runner.py itself that cannot go on.
      throw new CodedError(message('python-damaged'));
    } finally {
      given?.destroy();
    }
  }

  /** Names that may stand at a position of a program, in characters, not in UTF-16's units. */
  complete(code: string, position: number): Name[] {
    return plain(this.#runner.complete(code, position));
  }

  /** Files of the folder where programs run, without the site's own. */
  files(): FoundFile[] {
    return this.#folder.files();
  }

  /** Puts a file there; false where none can be. */
  put(path: string, data: Uint8Array<ArrayBuffer>): boolean {
    return this.#folder.put(path, data);
  }

  /** The bytes of a file; null where it is gone, or too large. */
  read(path: string): Uint8Array<ArrayBuffer> | null {
    return this.#folder.read(path);
  }

  remove(path: string): void {
    this.#folder.remove(path);
  }

  /** Whether Python has ended for good, as it does after os.abort(), and leaves its callers waiting. */
  hasDied(): boolean {
    try {
      this.#py.runPython('');
      return false;
    } catch {
      return true;
    }
  }
}

const api = new Interpreter();
answer(api);
addEventListener('unhandledrejection', (event) => {
  if (!api.hasDied()) return;
  event.preventDefault();
  giveUp(message('python-ended'));
});
