// What trains for the Train page: drives training.py batch by batch, and returns to the event loop between two, so that
// pause, stop and questions get in. What it is asked about its model, heldModel.ts answers.

import type { PyDict } from 'pyodide/ffi';
import exporting from '../../python/tab/exporting.py?raw';
import fooling from '../../python/tab/fooling.py?raw';
import inspecting from '../../python/tab/inspecting.py?raw';
import looking from '../../python/tab/looking.py?raw';
import moments from '../../python/tab/moments.py?raw';
import running from '../../python/tab/running.py?raw';
import training from '../../python/tab/training.py?raw';
import trial from '../../python/tab/trial.py?raw';
import { breathe } from './breathe';
import { HeldModel } from './heldModel';
import type { Message } from './message';
import { fetchMnist, storeMnist } from './mnist';
import type { Versions } from './protocol';
import { loadPython, type PyProxy, plain, writeModules } from './python';
import { type Pace, Tempo } from './tempo';

/** One batch of training, as training.py's Step. */
export interface Step {
  /** From 1. */
  epoch: number;
  /** Images seen in the whole run. */
  samples: number;
  loss: number;
  /** Share of the batch, before its update. */
  accuracy: number;
}

/** What train() reports. */
export type RunEvent =
  /** The model stands, and these kernels serve; the first step follows. */
  | { kind: 'start'; kernels: Message }
  /** The latest, in their order. */
  | { kind: 'steps'; steps: Step[] }
  | { kind: 'checkpoint'; weights: Uint8Array<ArrayBuffer>; samples: number }
  /** The model after so many images of the run can be looked at later. */
  | { kind: 'moment'; samples: number }
  /** The one batch that was wanted is done. */
  | { kind: 'paused' };

/** What test() reports. */
export interface Testing {
  tested: number;
  total: number;
}

export interface Gpu {
  /** What keeps this page from computing on one. */
  missing?: Message;
}

interface Mistake {
  /** Into the test images. */
  index: number;
  label: number;
  predicted: number;
  /** Probability given to the wrong class. */
  confidence: number;
  /** 28 x 28. */
  pixels: Uint8Array<ArrayBuffer>;
}

export interface TestResult {
  accuracy: number;
  total: number;
  /** Rows: the label, columns: the prediction. */
  confusion: number[][];
  /** Worst first. */
  mistakes: Mistake[];
}

/** running.py, as far as it is called from here. */
interface Running {
  find_gpu(): Promise<PyProxy>;
  kernels(model: PyProxy): PyProxy;
  start_threads(): Promise<void>;
  versions(): PyProxy;
}

const CHECKPOINT_MS = 3_000;
const READ_MS = 250; // steps that take so long are read together: each time a GPU is waited for
const READ_STEPS = 10; // at most

export class Trainer extends HeldModel {
  #running!: Running;
  readonly #tempo = new Tempo();
  #loaded: Promise<Versions> | undefined;

  /**
   * Loads Pyodide, NumPy, pyconvlite and MNIST: once, for all pages that use this worker.
   *
   * @param base  address of the site, with its last slash
   */
  load(base: string): Promise<Versions> {
    this.#loaded ??= this.#load(base);
    return this.#loaded;
  }

  async #load(base: string): Promise<Versions> {
    const [py, data] = await Promise.all([loadPython(base), fetchMnist()]);
    this.py = py;
    storeMnist(py, data);
    writeModules(py, { training, looking, inspecting, running, trial, fooling, moments, exporting });
    this.training = py.pyimport('tab.training');
    this.looking = py.pyimport('tab.looking');
    this.inspecting = py.pyimport('tab.inspecting');
    this.fooling = py.pyimport('tab.fooling');
    this.#running = py.pyimport('tab.running');
    this.useTestSet(this.training.test_set());
    this.scope = py.toPy({}) as PyDict;
    await this.#running.start_threads(); // they cannot start while Python runs
    return { pyodide: py.version, ...plain<Omit<Versions, 'pyodide'>>(this.#running.versions()) };
  }

  /** Forgets what it had for a page that is left. */
  reset(): void {
    this.#tempo.begin('full');
    this.moment = null;
    this.forget();
    this.moments?.destroy();
    this.inspector?.destroy();
    this.moments = this.inspector = null;
    if (this.testSet) this.useTestSet(this.testSet);
    this.scope.clear();
    this.py.runPython('import gc; from pyconvlite.backends import use; use("auto"); gc.collect()');
  }

  /** Looks for a GPU. */
  async findGpu(): Promise<Gpu> {
    return plain(await this.#running.find_gpu());
  }

  /**
   * Tries whether the CPU or the GPU that was found trains a model faster, and says so.
   *
   * @param source  the model, in Python: a class of training.py, or a function of the number of classes
   */
  async compare(source: string, batchSize: number): Promise<Message> {
    return plain(await this.py.pyimport('tab.trial').compare(this.maker(source), batchSize));
  }

  /**
   * Builds a model with random weights.
   *
   * @param source  as in compare()
   */
  async build(source: string, classes: number): Promise<void> {
    this.hold(this.training.build(this.maker(source), classes));
    await this.begin();
  }

  /** Runs the program shown in the page and then its `steps`, to their end or to stop(). Whether it came to its end. */
  async train(program: string, pace: Pace, report: (event: RunEvent) => void): Promise<boolean> {
    const tempo = this.#tempo;
    tempo.begin(pace);
    await this.py.runPythonAsync(program, { globals: this.scope, filename: 'run.py' });
    const steps: PyProxy & Iterable<PyProxy> = this.scope.get('steps');
    const model: PyProxy = this.scope.get('model');
    let [samples, saved, batches] = [0, 0, 0];
    const checkpoint = async () => {
      report({ kind: 'checkpoint', weights: await this.weights(), samples });
      saved = performance.now();
    };
    const keep = async () => {
      const kept = await this.withModel((model) => this.moments?.keep(model, samples));
      if (kept) report({ kind: 'moment', samples });
    };
    let unread: PyProxy[] = [];
    const read = async () => {
      const latest = await this.#read(unread);
      unread = [];
      samples = latest[latest.length - 1].samples;
      report({ kind: 'steps', steps: latest });
    };
    try {
      report({ kind: 'start', kernels: plain(this.#running.kernels(model)) });
      await this.begin();
      await checkpoint();
      await keep();
      let finished = true;
      let together = 1;
      let start = performance.now();
      for (const step of steps) {
        const rest = tempo.restAfter(++batches);
        const isAlone = rest > 0 || tempo.isSingle;
        if (unread.push(step) < together && !isAlone) continue;
        await read();
        together = Math.round((together * READ_MS) / (performance.now() - start));
        together = isAlone ? 1 : Math.min(Math.max(together, 1), READ_STEPS);
        await keep();
        await (rest ? tempo.rest(rest) : breathe());
        if (tempo.isSingle && tempo.runs) {
          tempo.hold();
          report({ kind: 'paused' });
        }
        if (!tempo.runs || performance.now() - saved > CHECKPOINT_MS) await checkpoint();
        finished = await tempo.mayGoOn();
        if (!finished) break;
        start = performance.now();
      }
      if (unread.length) await read();
      this.hold(await this.training.on_cpu(model));
      this.forget();
      await checkpoint();
      return finished;
    } finally {
      tempo.end();
      this.scope.delete('steps');
      steps.destroy();
      model.destroy();
    }
  }

  /** Tests the model on all test images; null after stop(), and where there are none. */
  async test(report: (testing: Testing) => void): Promise<TestResult | null> {
    this.#tempo.begin();
    if (!this.testSet?.length) return null;
    const model: PyProxy = this.scope.get('model');
    const evaluation = this.training.Evaluation(model, this.testSet);
    model.destroy();
    const batches = evaluation.run();
    try {
      for (const tested of batches) {
        report({ tested, total: evaluation.total });
        await breathe();
        if (!(await this.#tempo.mayGoOn())) return null;
      }
      return plain(evaluation.result());
    } finally {
      batches.destroy();
      evaluation.destroy();
    }
  }

  /** Holds train() or test() after the batches at work, and returns once it stands still. */
  pause(): Promise<void> {
    return this.#tempo.pause();
  }

  /** Goes on after pause(). */
  resume(pace: Pace): void {
    this.#tempo.setPace(pace);
    this.#tempo.resume();
  }

  /** Ends train() or test() after the batches at work. */
  stop(): void {
    this.#tempo.stop();
  }

  setPace(pace: Pace): void {
    this.#tempo.setPace(pace);
  }

  /** What some steps tell; they are let go. */
  async #read(steps: PyProxy[]): Promise<Step[]> {
    const list: PyProxy = this.py.toPy(steps);
    const told = plain<Step[]>(await this.training.read(list));
    for (const proxy of [list, ...steps]) proxy.destroy();
    return told;
  }
}
