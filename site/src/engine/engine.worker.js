// The worker that Python lives in: loads Pyodide and the data, and drives training.py batch by batch. Between two
// batches it returns to its event loop, so that pause, stop and predictions get in.

import inspecting from '../../python/tab/inspecting.py?raw';
import looking from '../../python/tab/looking.py?raw';
import pictures from '../../python/tab/pictures.py?raw';
import running from '../../python/tab/running.py?raw';
import training from '../../python/tab/training.py?raw';
import trial from '../../python/tab/trial.py?raw';
import { answer } from './answering.js';
import { fetchMnist, storeMnist } from './mnist.js';
import { loadPython, plain, writeModules } from './python.js';

/**
 * @typedef {import('./python.js').Pyodide} Pyodide
 * @typedef {import('./python.js').PyProxy} PyProxy
 * @typedef {import('./python.js').Versions} Versions
 * @typedef {import('./answers.js').Step} Step
 * @typedef {import('./answers.js').RunEvent} RunEvent
 * @typedef {import('./answers.js').Testing} Testing
 * @typedef {import('./answers.js').Gpu} Gpu
 * @typedef {import('../message.js').Message} Message
 * @typedef {import('./answers.js').Examples} Examples
 * @typedef {import('./answers.js').TestResult} TestResult
 * @typedef {import('./answers.js').Look} Look
 * @typedef {import('./answers.js').Report} Report
 * @typedef {import('./answers.js').Detail} Detail
 * @typedef {import('./answers.js').Measure} Measure
 * @typedef {import('./answers.js').Reading} Reading
 */

const CHECKPOINT_MS = 3_000;
const READ_MS = 250; // steps that take so long are read together: each time a GPU is waited for
const READ_STEPS = 10; // at most

/** Lets waiting messages in; unlike setTimeout it costs no 4 ms. */
const breathe = (() => {
  const { port1, port2 } = new MessageChannel();
  return () =>
    new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
})();

/** @typedef {Engine} EngineApi */

class Engine {
  /** @type {Pyodide} */
  #py = /** @type {any} */ (null);
  /** The Python modules of the site. @type {any} */
  #training = null;
  /** @type {any} */
  #looking = null;
  /** @type {any} */
  #pictures = null;
  /** @type {any} */
  #running = null;
  /** @type {any} */
  #inspecting = null;
  /** @type {any} */
  #trial = null;
  /** Of inspecting.py; null until there are images. @type {any} */
  #inspector = null;
  /** Names that the shown program uses and sets: `model`, `steps`, `examples`. @type {any} */
  #scope = null;
  /** Images that no training sees; null where there are none. @type {any} */
  #testSet = null;
  /** @type {'run' | 'pause' | 'stop'} */
  #wish = 'run';
  #wake = () => {};
  /** Tells pause() that train() or test() stands still. */
  #stands = () => {};

  /**
   * Loads Pyodide, NumPy, pyconvlite, and MNIST where it is wanted.
   *
   * @param {string} base  address of the site, with its last slash
   * @param {boolean} mnist
   * @returns {Promise<Versions>}
   */
  async load(base, mnist) {
    const [py, data] = await Promise.all([loadPython(base), mnist ? fetchMnist() : []]);
    this.#py = py;
    storeMnist(py, data);
    writeModules(this.#py, { training, looking, inspecting, pictures, running, trial });
    this.#training = this.#py.pyimport('tab.training');
    this.#looking = this.#py.pyimport('tab.looking');
    this.#running = this.#py.pyimport('tab.running');
    this.#inspecting = this.#py.pyimport('tab.inspecting');
    this.#pictures = this.#py.pyimport('tab.pictures');
    this.#trial = this.#py.pyimport('tab.trial');
    if (mnist) this.#useTestSet(this.#training.test_set());
    this.#scope = this.#py.toPy({});
    await this.#running.start_threads(); // they cannot start while Python runs
    return { pyodide: this.#py.version, ...plain(this.#running.versions()) };
  }

  /** Looks for a GPU. @returns {Promise<Gpu>} */
  async findGpu() {
    return plain(await this.#running.find_gpu());
  }

  /**
   * Tries whether the CPU or the GPU that was found trains a model faster.
   *
   * @param {string} name  a class of training.py
   * @param {number} batchSize
   * @returns {Promise<Message>}  that says so
   */
  async compare(name, batchSize) {
    return plain(await this.#trial.compare(this.#training[name], batchSize));
  }

  /**
   * Builds a model with random weights.
   *
   * @param {string} name  a class of training.py
   * @param {number} classes
   */
  async build(name, classes) {
    this.#scope.set('model', this.#training.build(this.#training[name], classes));
    await this.#begin();
  }

  /** Takes the visitor's own pictures to learn from, and to test with. @param {Examples} examples */
  useExamples({ pixels, drawn, label }) {
    const collection = this.#lend(pixels, (lentPixels) =>
      this.#lend(drawn, (lentDrawn) =>
        this.#lend(label, (lentLabel) => this.#pictures.Collection(lentPixels, lentDrawn, lentLabel)),
      ),
    );
    this.#scope.set('examples', collection);
    this.#useTestSet(collection.test, collection.probe);
  }

  /**
   * Runs the program shown in the page and then its `steps`, to their end or to stop().
   *
   * @param {string} program
   * @param {(event: RunEvent) => void} report
   * @returns {Promise<boolean>}  whether it came to its end
   */
  async train(program, report) {
    this.#wish = 'run';
    await this.#py.runPythonAsync(program, { globals: this.#scope, filename: 'run.py' });
    const steps = this.#scope.get('steps');
    const model = this.#scope.get('model');
    let [samples, saved] = [0, 0];
    const checkpoint = async () => {
      report({ kind: 'checkpoint', weights: await this.weights(), samples });
      saved = performance.now();
    };
    /** @type {PyProxy[]} */
    let unread = [];
    const read = async () => {
      const list = this.#py.toPy(unread);
      /** @type {Step[]} */
      const latest = plain(await this.#training.read(list));
      for (const proxy of [list, ...unread]) proxy.destroy();
      unread = [];
      samples = latest[latest.length - 1].samples;
      report({ kind: 'steps', steps: latest });
    };
    try {
      report({ kind: 'start', kernels: plain(this.#running.kernels(model)) });
      await this.#begin();
      await checkpoint();
      let finished = true;
      let together = 1;
      let start = performance.now();
      for (const step of steps) {
        if (unread.push(step) < together) continue;
        await read();
        together = Math.round((together * READ_MS) / (performance.now() - start));
        together = Math.min(Math.max(together, 1), READ_STEPS);
        await breathe();
        if (this.#wish !== 'run' || performance.now() - saved > CHECKPOINT_MS) await checkpoint();
        finished = await this.#mayGoOn();
        if (!finished) break;
        start = performance.now();
      }
      if (unread.length) await read();
      this.#scope.set('model', await this.#training.on_cpu(model));
      await checkpoint();
      return finished;
    } finally {
      this.#stands();
      this.#scope.delete('steps');
      steps.destroy();
      model.destroy();
    }
  }

  /**
   * Tests the model on all test images.
   *
   * @param {(testing: Testing) => void} report
   * @returns {Promise<TestResult | null>}  null after stop(), and where there are none
   */
  async test(report) {
    this.#wish = 'run';
    if (!this.#testSet?.length) return null;
    const evaluation = this.#training.Evaluation(this.#scope.get('model'), this.#testSet);
    const batches = evaluation.run();
    try {
      for (const tested of batches) {
        report({ tested, total: evaluation.total });
        await breathe();
        if (!(await this.#mayGoOn())) return null;
      }
      return plain(evaluation.result());
    } finally {
      batches.destroy();
      evaluation.destroy();
    }
  }

  /** Holds train() or test() after the batches at work, and returns once it stands still. */
  pause() {
    this.#wish = 'pause';
    return new Promise((resolve) => (this.#stands = () => resolve(undefined)));
  }

  resume() {
    this.#wish = 'run';
    this.#wake();
  }

  /** Ends train() or test() after the batches at work. */
  stop() {
    this.#wish = 'stop';
    this.#wake();
  }

  /** The model's parameters as the npz file that `load_weights` reads. @returns {Promise<Uint8Array<ArrayBuffer>>} */
  weights() {
    return this.#ofModel((model) => this.#training.weights(model));
  }

  /**
   * Replaces the model by one with the given weights; if they do not fit, it stays and a PythonError says why.
   *
   * @param {string} name  a class of training.py
   * @param {Uint8Array} bytes  an npz file
   * @param {string} file  its name, for the message
   * @param {number} classes
   */
  async loadWeights(name, bytes, file, classes) {
    const path = `uploads/${file}`;
    this.#py.FS.mkdirTree('uploads');
    this.#py.FS.writeFile(path, bytes);
    try {
      this.#scope.set('model', this.#training.load(this.#training[name], path, classes));
    } finally {
      this.#py.FS.unlink(path);
    }
    await this.#begin();
  }

  /**
   * What the model makes of a drawing.
   *
   * @param {Uint8Array} ink  0 paper to 255 ink, rows from the top
   * @param {number} width
   * @returns {Promise<Look>}
   */
  lookAtDrawing(ink, width) {
    return this.#ofModel((model) => this.#lend(ink, (drawing) => this.#looking.look_at_drawing(model, drawing, width)));
  }

  /** What the model makes of a picture of the visitor's. @param {Uint8Array} pixels @param {boolean} drawn @returns {Promise<Look>} */
  lookAtPicture(pixels, drawn) {
    return this.#ofModel((model) => this.#lend(pixels, (lent) => this.#pictures.look_at_picture(model, lent, drawn)));
  }

  /** What the model makes of a test image. @param {number} index @returns {Promise<Look>} */
  lookAtTestImage(index) {
    return this.#ofModel((model) => this.#looking.look_at_example(model, this.#testSet, index));
  }

  /** What the model reads in the first test images. @param {number} count @returns {Promise<Reading>} */
  read(count) {
    return this.#ofModel((model) => this.#looking.read(model, this.#testSet, count));
  }

  /**
   * Takes the model's answer to a picture apart.
   *
   * @param {Float32Array} picture  28 x 28, as the model receives it
   * @param {number} [target]  the class whose saliency is wanted; the predicted one if left out
   * @returns {Promise<{report: Report, ms: number}>}  with the time that it took, waiting left out
   */
  inspect(picture, target) {
    return this.#withModel((model) => {
      const start = performance.now();
      const report = plain(this.#lend(picture, (pixels) => this.#inspector.inspect(model, pixels, target)));
      return { report, ms: performance.now() - start };
    });
  }

  /**
   * How a pixel came about in the picture that was inspected last.
   *
   * @param {number} stage
   * @param {number} channel
   * @param {number} row
   * @param {number} column
   * @returns {{detail: Detail, ms: number}}  with the time that it took
   */
  detail(stage, channel, row, column) {
    const start = performance.now();
    const detail = plain(this.#inspector.detail(stage, channel, row, column));
    return { detail, ms: performance.now() - start };
  }

  /**
   * Measures activations and gradients of each stage.
   *
   * @returns {Promise<{measures: Measure[], ms: number}>}  with the time that it took, waiting left out
   */
  probe() {
    return this.#withModel((model) => {
      const start = performance.now();
      return { measures: plain(this.#inspector.probe(model)), ms: performance.now() - start };
    });
  }

  /** Has the present weights remembered as those before training. */
  #begin() {
    return this.#withModel((model) => this.#inspector?.start(model));
  }

  /**
   * @param {any} testSet  images that no training sees
   * @param {any} probe  those whose first ones are inspected
   */
  #useTestSet(testSet, probe = testSet) {
    this.#testSet = testSet;
    this.#inspector = this.#inspecting.Inspector(probe);
  }

  /**
   * What Python finds in the present model.
   *
   * @param {(model: PyProxy) => PyProxy} find
   * @returns {Promise<any>}  plain
   */
  #ofModel(find) {
    return this.#withModel((model) => plain(find(model)));
  }

  /**
   * Uses the present model, which a GPU hands over for it.
   *
   * @template T
   * @param {(model: PyProxy) => T} use
   */
  async #withModel(use) {
    const present = this.#scope.get('model');
    const model = await this.#training.on_cpu(present);
    try {
      return use(model);
    } finally {
      model.destroy();
      present.destroy();
    }
  }

  /**
   * Lends numbers to Python.
   *
   * @template T
   * @param {Uint8Array | Float32Array} numbers
   * @param {(lent: PyProxy) => T} use
   */
  #lend(numbers, use) {
    const lent = this.#py.toPy(numbers);
    try {
      return use(lent);
    } finally {
      lent.destroy();
    }
  }

  /** Waits while paused. @returns {Promise<boolean>} false after stop() */
  async #mayGoOn() {
    while (this.#wish === 'pause') {
      this.#stands();
      await new Promise((resolve) => (this.#wake = () => resolve(undefined)));
    }
    return this.#wish !== 'stop';
  }
}

answer(new Engine());
