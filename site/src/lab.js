// The lab: what the page can do, and the one state that follows from it. It knows no view and no element.

import { PYODIDE_FILES } from './engine/assets.js';
import { Engine, EngineGone } from './engine/engine.js';
import address from './engine/engine.worker.js?worker&url';
import { MNIST_FILES } from './engine/mnist.js';
import { faultOf } from './fault.js';
import { FIRST_STATE, noCurves } from './lab-state.js';
import { texts } from './language.js';
import { DEFAULTS, program } from './settings.js';
import { Store } from './store.js';

/**
 * @typedef {import('./engine/engine.worker.js').EngineApi} EngineApi
 * @typedef {import('./engine/engine.js').Remote<EngineApi>} Remote
 * @typedef {import('./engine/answers.js').Step} Step
 * @typedef {import('./engine/answers.js').RunEvent} RunEvent
 * @typedef {import('./engine/python.js').Versions} Versions
 * @typedef {import('./settings.js').Settings} Settings
 * @typedef {import('./lab-state.js').Phase} Phase
 * @typedef {import('./lab-state.js').Run} Run
 * @typedef {import('./lab-state.js').Model} Model
 * @typedef {import('./lab-state.js').Checkpoint} Checkpoint
 * @typedef {import('./lab-state.js').Source} Source
 * @typedef {import('./lab-state.js').Task} Task
 * @typedef {import('./lab-state.js').LabState} LabState
 */

const STOP_MS = 2_000; // a batch that takes longer is ended together with its worker
const LOOK_MS = 1_500; // between two looks while training

const SOME = 30; // batches: the loss of one says little
const FEW = 100; // test images: a percentage of fewer says more than is known

/** How many of the test images are read again and again. */
export const READ_COUNT = 30;

const text = texts(
  {
    ready: 'Ready.',
    back: 'Ready, with the model of your last visit.',
    misfit: 'Ready. The weights of your last visit do not fit this version of the model.',
    loading: 'Loading Python.',
    started: 'Training has started.',
    lost: 'The loss is no lower than by guessing. Stop, and try a lower learning rate.',
    paused: 'Training is paused.',
    goesOn: 'Training goes on.',
    stopping: 'Stopping.',
    stopped: 'Training has stopped.',
    restarted: 'Stopped: the batch took too long, so Python was restarted from the last checkpoint.',
    uploaded: (/** @type {string} */ file) => `The weights of ${file} are in.`,
    testing: 'Testing.',
    tested: (/** @type {number} */ right, /** @type {number} */ total) =>
      total < FEW ? `Tested: ${right} of ${total} right.` : `Test accuracy: ${((100 * right) / total).toFixed(2)}%.`,
    testStopped: 'The test was stopped.',
    untested: 'Training is done.',
    backToCheckpoint: 'The model is as at the last checkpoint.',
  },
  {
    ready: '準備ができました。',
    back: '準備ができました。前回のモデルから続けられます。',
    misfit: '準備ができました。前回の重みは、いまの版のモデルには合いません。',
    loading: 'Python を読み込んでいます。',
    started: '学習を始めました。',
    lost: '損失が、当てずっぽうのときより下がっていません。停止して、学習率を下げてみてください。',
    paused: '学習を一時停止しています。',
    goesOn: '学習を再開しました。',
    stopping: '停止しています。',
    stopped: '学習を停止しました。',
    restarted: '停止しました。バッチの計算が長くかかったため、Python を再起動し、最後に保存した時点に戻しました。',
    uploaded: (file) => `${file} の重みを読み込みました。`,
    testing: 'テストしています。',
    tested: (right, total) =>
      total < FEW
        ? `テスト画像 ${total} 枚のうち、正解は ${right} 枚です。`
        : `テスト画像の正解率は ${((100 * right) / total).toFixed(2)}% です。`,
    testStopped: 'テストを停止しました。',
    untested: '学習が終わりました。',
    backToCheckpoint: 'モデルは最後に保存した時点に戻りました。',
  },
);

/** The training page's. @type {Task} */
const MNIST = { mnist: true, program, first: () => ({ name: DEFAULTS.model, classes: 10 }), examples: () => null };

/** @extends {Store<LabState>} */
export class Lab extends Store {
  #base;
  #task;
  /** @type {Engine<EngineApi>} */
  #engine = /** @type {any} */ (null);
  /** The train or test under way. @type {Promise<void>} */
  #work = Promise.resolve();
  /** The picture to look at next: the latest wins. @type {Source | null} */
  #wanted = null;
  #takesUp = false; // a checkpoint that may be of another version of the site
  #wantsReading = false;
  #isLooking = false;
  #lookedAt = 0;
  #steppedAt = 0;
  /** The trial of kernels under way. @type {Promise<void>} */
  #trial = Promise.resolve();
  #tried = ''; // what the advice is about

  /** @param {string} base  address of the site, with its last slash @param {Task} task */
  constructor(base, task = MNIST) {
    super(FIRST_STATE);
    this.#base = base;
    this.#task = task;
  }

  /** Has start() go on with the model of an earlier visit. @param {Checkpoint} checkpoint */
  takeUp(checkpoint) {
    this.#takesUp = true;
    this.set({ checkpoint, curves: checkpoint.curves ?? noCurves() });
  }

  /**
   * Starts a worker in place of the present one, with the model of the last checkpoint where there is one.
   *
   * @param {() => string} [notice]  to be shown once it is ready
   */
  async start(notice = () => text().ready) {
    const { mnist } = this.#task;
    const onGone = (/** @type {EngineGone} */ error) => {
      if (engine === this.#engine) this.#fail(error, 'failed');
    };
    /** @type {Engine<EngineApi>} */
    const engine = new Engine(this.#base, address, { onGone }, true);
    const former = this.#engine;
    this.#engine = engine; // first, so that the end of the former one is not taken for a fault
    former?.terminate();
    this.set({ phase: 'loading', progress: null, fault: null, testing: null, notice: () => text().loading });
    await this.#attempt(async () => {
      const versions = await engine.load(
        (api) => api.load(this.#base, mnist),
        [...PYODIDE_FILES, ...(mnist ? MNIST_FILES : [])],
        (progress) => this.set({ progress }),
      );
      this.set({ versions });
      await this.#bringExamples();
      const outcome = await this.#takeUpOrRestore();
      this.set({ phase: 'idle', progress: null, notice: outcome ? () => text()[outcome] : notice });
      this.#lookAgain();
      this.#findGpu();
    }, 'failed');
  }

  /** Trains from random weights or on, then tests. @param {Settings} settings */
  train(settings) {
    this.set({ phase: 'training', fault: null, notice: () => text().started });
    const report = (/** @type {RunEvent} */ event) => {
      if (event.kind === 'start') return this.#onStart(settings, event.kernels);
      if (event.kind === 'steps') return this.#onSteps(event.steps);
      const { weights: bytes, samples } = event;
      this.set({ checkpoint: { model: this.#modelAfter(samples), bytes, curves: this.state.curves } });
    };
    this.#work = this.#attempt(async () => {
      let finished;
      try {
        await this.#trial;
        await this.#bringExamples();
        finished = await this.#engine.call((api) => api.train(this.#task.program(settings), report));
      } catch (error) {
        return this.#giveUp(/** @type {Error} */ (error));
      }
      this.#lookAgain();
      if (finished && this.state.phase !== 'stopping') await this.#test();
      else this.set({ phase: 'idle', progress: null, notice: () => text().stopped });
    }, 'idle');
    return this.#work;
  }

  /** Finds out which kernels train a model faster, where there is a choice. @param {Settings} settings */
  compare({ model, batchSize }) {
    const { phase, gpu } = this.state;
    const wanted = `${model} ${batchSize}`;
    if (phase !== 'idle' || gpu === null || gpu.missing !== undefined || wanted === this.#tried) return;
    this.#tried = wanted;
    this.#trial = this.#trial.then(async () => {
      if (wanted !== this.#tried) return;
      if (this.state.phase !== 'idle') {
        this.#tried = ''; // the next time that it is idle
        return;
      }
      this.set({ advice: null });
      // Without its advice, after whatever error, all goes on: training tells of a GPU that is lost.
      const advice = await this.#engine.call((api) => api.compare(model, batchSize)).catch(() => null);
      if (wanted === this.#tried) this.set({ advice });
    });
  }

  /** Tests the present model on the test images. */
  test() {
    this.#work = this.#attempt(() => this.#test(), 'idle');
    return this.#work;
  }

  async pause() {
    this.set({ phase: 'pausing' });
    // The worker answers between two batches: once it has, it is paused.
    await this.#attempt(() => this.#engine.call((api) => api.pause()));
    if (this.state.phase === 'pausing') this.set({ phase: 'paused', notice: () => text().paused });
  }

  async resume() {
    this.#steppedAt = performance.now();
    this.set({ phase: 'training', notice: () => text().goesOn });
    await this.#attempt(() => this.#engine.call((api) => api.resume()));
  }

  /** Stops after the batch at work, or at once if that takes too long; the weights of the last checkpoint stay. */
  async stop() {
    const engine = this.#engine;
    this.set({ phase: 'stopping', notice: () => text().stopping });
    engine.call((api) => api.stop()).catch(() => {}); // #work has the same error
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, STOP_MS, 'late')));
    const first = await Promise.race([this.#work, late]);
    clearTimeout(timer);
    if (first !== 'late' || engine !== this.#engine) return;
    await this.start(() => text().restarted);
  }

  /** The weights as an npz file, or null after an error. */
  async download() {
    /** @type {Uint8Array<ArrayBuffer> | null} */
    let bytes = null;
    await this.#attempt(async () => {
      bytes = await this.#engine.call((api) => api.weights());
    });
    return bytes;
  }

  /**
   * Takes the weights of a file; if they do not fit, nothing changes but the fault.
   *
   * @param {string} name  of the model that they are for
   * @param {File} file
   */
  async upload(name, file) {
    await this.#attempt(async () => {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const { classes } = this.#task.first();
      await this.#engine.call((api) => api.loadWeights(name, bytes, file.name, classes));
      /** @type {Model} */
      const model = { name, origin: 'uploaded', samples: 0, classes };
      const curves = noCurves();
      const notice = () => text().uploaded(file.name);
      this.set({ model, checkpoint: { model, bytes, curves }, run: null, curves, result: null, fault: null, notice });
      this.#lookAgain();
    });
  }

  /** Shows what the model makes of a picture; while it is busy, only the latest counts. @param {Source} source */
  look(source) {
    this.set({ source });
    this.#wanted = source;
    this.#lookNext();
  }

  /**
   * Asks the worker something for a view; null where it cannot answer.
   *
   * @template T
   * @param {(api: Remote) => T} request
   */
  async ask(request) {
    const { phase } = this.state;
    if (phase === 'loading' || phase === 'failed') return null;
    /** @type {Awaited<T>[]} */
    const answers = [];
    await this.#attempt(async () => answers.push(await this.#engine.call(request)));
    return answers.length ? answers[0] : null;
  }

  dismiss() {
    this.set({ fault: null });
  }

  // ------------------------------------------------------------------------------------------------ inside

  /** Gives the worker the pictures to learn from, where they are the visitor's. */
  async #bringExamples() {
    const examples = this.#task.examples();
    if (examples) await this.#engine.call((api) => api.useExamples(examples));
  }

  async #findGpu() {
    await this.#attempt(async () => this.set({ gpu: await this.#engine.call((api) => api.findGpu()) }));
  }

  async #test() {
    this.set({ phase: 'testing', testing: null, result: null, fault: null, notice: () => text().testing });
    const result = await this.#engine.call((api) => api.test((testing) => this.set({ testing })));
    const missing = this.state.phase === 'stopping' ? 'testStopped' : 'untested';
    const notice = () =>
      result ? text().tested(Math.round(result.accuracy * result.total), result.total) : text()[missing];
    this.set({ phase: 'idle', testing: null, result, notice });
  }

  /** @param {Settings} settings @param {Versions['kernels']} kernels */
  #onStart(settings, kernels) {
    const { model, curves, versions } = this.state;
    /** @type {Model} */
    const random = { name: settings.model, origin: 'random', samples: 0, classes: this.#task.first().classes };
    const start = settings.fresh || !model ? random : model;
    this.#steppedAt = performance.now();
    this.set({
      progress: null,
      versions: versions && { ...versions, kernels },
      model: start,
      run: { settings, start, done: 0, total: settings.images * settings.epochs, epoch: 1, seconds: 0 },
      curves: settings.fresh ? noCurves() : curves,
      result: null,
    });
  }

  /** @param {Step[]} steps */
  #onSteps(steps) {
    const { run, curves } = this.state;
    if (!run) return;
    const now = performance.now();
    const seconds = run.seconds + (now - this.#steppedAt) / 1000;
    this.#steppedAt = now;
    for (const { samples, loss, accuracy } of steps) {
      curves.samples.push(run.start.samples + samples);
      curves.loss.push(loss);
      curves.accuracy.push(accuracy);
    }
    const { samples, epoch } = steps[steps.length - 1];
    const model = this.#modelAfter(samples);
    this.set({ run: { ...run, done: samples, epoch, seconds }, curves: { ...curves }, model });
    if (this.state.phase === 'training' && isLost(run.start, curves)) this.set({ notice: () => text().lost });
    if (now - this.#lookedAt > LOOK_MS) this.#lookAgain();
  }

  /** Shows why a run failed, and goes back to its last checkpoint. @param {Error} error */
  async #giveUp(error) {
    if (error instanceof EngineGone) return; // a new engine starts from there
    this.#fail(error, 'stopping');
    await this.#restore();
    this.set({ phase: 'idle', notice: () => text().backToCheckpoint });
    this.#lookAgain();
  }

  /** The model after so many images of the present run. @param {number} samples @returns {Model} */
  #modelAfter(samples) {
    const { start } = /** @type {Run} */ (this.state.run);
    return samples ? { ...start, origin: 'trained', samples: start.samples + samples } : start;
  }

  /** Gives a new worker its model; for one of an earlier visit tells how that went. @returns {Promise<'back' | 'misfit' | null>} */
  async #takeUpOrRestore() {
    const takesUp = this.#takesUp;
    this.#takesUp = false;
    try {
      await this.#restore();
      return takesUp ? 'back' : null;
    } catch (error) {
      if (!takesUp || error instanceof EngineGone) throw error;
      this.set({ checkpoint: null });
      await this.#restore();
      return 'misfit';
    }
  }

  /** Gives a new worker its model, and shows the curves as far as the model has come. */
  async #restore() {
    const { checkpoint } = this.state;
    if (!checkpoint) {
      const first = this.#task.first();
      await this.#engine.call((api) => api.build(first.name, first.classes));
      this.set({ model: { ...first, origin: 'random', samples: 0 }, curves: noCurves() });
      return;
    }
    const { model, bytes } = checkpoint;
    await this.#engine.call((api) => api.loadWeights(model.name, bytes, 'checkpoint.npz', model.classes));
    const { run, curves } = this.state;
    const { samples, loss, accuracy } = curves;
    const length = samples.filter((count) => count <= model.samples).length;
    const cut = (/** @type {number[]} */ values) => values.slice(0, length);
    this.set({
      model,
      run: run && { ...run, done: model.samples - run.start.samples },
      curves: { samples: cut(samples), loss: cut(loss), accuracy: cut(accuracy) },
    });
  }

  /** Shows what the present weights make of the same pictures. */
  #lookAgain() {
    this.#wanted ??= this.state.source;
    this.#wantsReading = this.#task.mnist;
    this.#lookNext();
  }

  async #lookNext() {
    const { phase } = this.state;
    if (this.#isLooking || phase === 'loading' || phase === 'failed') return;
    this.#isLooking = true;
    this.#lookedAt = performance.now();
    await this.#attempt(async () => {
      while (this.#wanted || this.#wantsReading) {
        const source = this.#wanted;
        this.#wanted = null;
        if (source) this.set({ seen: { source, look: await this.#engine.call((api) => lookAt(api, source)) } });
        else {
          this.#wantsReading = false;
          this.set({ reading: await this.#engine.call((api) => api.read(READ_COUNT)) });
        }
      }
    });
    this.#isLooking = false;
  }

  /**
   * Does something; an error that the worker survives becomes the fault that the page shows.
   *
   * @param {() => Promise<unknown>} work
   * @param {Phase} [phase]  after an error; the same as before it if left out
   */
  async #attempt(work, phase) {
    try {
      await work();
    } catch (thrown) {
      const error = /** @type {Error} */ (thrown);
      if (!(error instanceof EngineGone)) this.#fail(error, phase); // the engine itself reports its end
    }
  }

  /** @param {Error} error @param {Phase} [phase] */
  #fail(error, phase = this.state.phase) {
    this.set({ phase, progress: null, testing: null, fault: faultOf(error, phase !== 'failed'), notice: () => '' });
  }
}

/** Whether a run has learnt nothing yet: its loss is that of answers drawn at random. @param {Model} start @param {LabState['curves']} curves */
function isLost({ samples: before, classes }, { samples, loss }) {
  const own = loss.slice(samples.findIndex((count) => count > before));
  const mean = own.slice(-SOME).reduce((sum, value) => sum + value / SOME, 0);
  return own.length >= 2 * SOME && mean > Math.log(classes);
}

/**
 * @param {Remote} api
 * @param {Source} source
 */
const lookAt = (api, source) => {
  if ('pixels' in source) return api.lookAtPicture(source.pixels, source.drawn);
  return 'ink' in source ? api.lookAtDrawing(source.ink, source.width) : api.lookAtTestImage(source.index);
};
