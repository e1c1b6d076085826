// The lab: what the page can do. It has a worker train, and tells the course of the training, and what is looked at,
// what came of it. It knows no component.

import { type Fault, faultOf } from '../app/fault';
import { MNIST_FILES, PYODIDE_FILES } from '../engine/assets';
import type { Progress } from '../engine/downloads';
import { type Engine, EngineGone } from '../engine/engine';
import { trainEngine } from '../engine/networks';
import type { Remote, Versions } from '../engine/protocol';
import { siteFolder } from '../engine/site';
import { EASED, type Pace } from '../engine/tempo';
import type { RunEvent, Step, Testing, TestResult, Trainer } from '../engine/trainer';
import { Course } from './course.svelte';
import { Kernels } from './kernels.svelte';
import { CLASSES, sourceOf } from './net';
import { notices } from './notices';
import { DEFAULTS, fromLink, program, type Settings } from './settings';
import { Sight } from './sight.svelte';
import type { Asking, Checkpoint, Phase } from './state';
import { Turns } from './turns';

const STOP_MS = 2_000; // a batch that takes longer is ended together with its worker

export class Lab {
  phase = $state<Phase>('loading');
  /** Of a download. */
  progress = $state.raw<Progress | null>(null);
  versions = $state.raw<Versions | null>(null);
  testing = $state.raw<Testing | null>(null);
  /** Of the present model. */
  result = $state.raw<TestResult | null>(null);
  /** What just happened. */
  notice = $state.raw<() => string>(() => '');
  fault = $state.raw<Fault | null>(null);

  readonly course = new Course();
  readonly sight: Sight;
  readonly kernels: Kernels;

  #engine: Engine<Trainer> | null = null;
  #isLeft = false;
  /** The train or test under way. */
  #work: Promise<void> = Promise.resolve();
  #takesUp = false; // a checkpoint that may be of another version of the site
  #pace: Pace = 'full';
  readonly #turns = new Turns();
  /** Steps of the training that are not shown yet. */
  #steps: Step[] = [];

  constructor() {
    const worker: Asking = {
      isThere: () => this.#isThere,
      call: (request) => this.#call(request),
      attempt: (work) => this.#attempt(work),
      turn: () => this.turn(),
    };
    this.sight = new Sight(worker, this.course);
    this.kernels = new Kernels(worker, () => this.phase === 'idle');
  }

  /** Has start() go on with the model of an earlier visit. */
  takeUp(checkpoint: Checkpoint): void {
    this.#takesUp = true;
    this.course.takeUp(checkpoint);
  }

  /**
   * Starts a worker in place of the present one, with the model of the last checkpoint where there is one.
   *
   * @param notice  to be shown once it is ready, after what became of a model of an earlier visit
   */
  async start(notice?: () => string): Promise<void> {
    if (this.#isLeft) return;
    const onGone = (error: EngineGone) => {
      if (engine === this.#engine) this.#fail(error, 'failed');
    };
    const engine: Engine<Trainer> = trainEngine({ onGone });
    const former = this.#engine;
    this.#engine = engine; // first, so that the end of the former one is not taken for a fault
    former?.terminate();
    [this.phase, this.progress, this.fault, this.testing] = ['loading', null, null, null];
    this.notice = () => notices().loading;
    await this.#attempt(async () => {
      this.versions = await engine.load(
        (api) => api.load(siteFolder()),
        [...PYODIDE_FILES, ...MNIST_FILES],
        (progress) => (this.progress = progress),
      );
      const outcome = await this.#takeUpOrRestore();
      [this.phase, this.progress] = ['idle', null];
      const isAlone = notice && outcome === 'ready';
      this.notice = () => `${isAlone ? '' : notices()[outcome]} ${notice?.() ?? ''}`.trim();
      this.sight.again();
      this.kernels.find();
    }, 'failed');
  }

  /** The page is left: a worker that does nothing is kept for when it is opened again. */
  leave(): void {
    this.#isLeft = true;
    if (this.phase === 'idle' || this.phase === 'loading') this.#engine?.release((api) => api.reset());
    else this.#engine?.terminate();
  }

  /** Trains from random weights or on, then tests; one batch alone if the pace is `step`. */
  train(settings: Settings, pace: Pace = settings.speed): Promise<void> {
    [this.phase, this.fault, this.notice] = ['training', null, () => notices().started];
    this.#pace = pace;
    const engine = this.#engine;
    const isStopping = () => this.phase === 'stopping';
    this.#work = this.#attempt(async () => {
      let finished: boolean;
      try {
        await this.kernels.trial;
        if (engine !== this.#engine) return; // it was stopped, and Python is started anew
        if (isStopping()) {
          [this.phase, this.notice] = ['idle', () => notices().stopped];
          return;
        }
        finished = await this.#call((api) =>
          api.train(program(settings), pace, (event: RunEvent) => this.#onEvent(settings, event)),
        );
      } catch (error) {
        return this.#giveUp(error as Error);
      }
      this.sight.again();
      if (finished && !isStopping()) return this.#test();
      [this.phase, this.progress, this.notice] = ['idle', null, () => notices().stopped];
    }, 'idle');
    return this.#work;
  }

  /** Changes how fast training goes. */
  async setPace(pace: Pace): Promise<void> {
    this.#pace = pace;
    await this.#attempt(() => this.#call((api) => api.setPace(pace)));
  }

  /** Tests the present model on the test images. */
  test(): Promise<void> {
    this.#work = this.#attempt(() => this.#test(), 'idle');
    return this.#work;
  }

  async pause(): Promise<void> {
    this.phase = 'pausing';
    // The worker answers between two batches: once it has, it is paused.
    await this.#attempt(async () => {
      await this.kernels.trial; // training begins after it
      await this.#call((api) => api.pause());
    });
    if (this.phase === 'pausing') this.#onPaused();
  }

  /** Goes on after a pause; for one batch if the pace is `step`. */
  async resume(pace: Pace): Promise<void> {
    this.#pace = pace;
    this.course.goOn();
    [this.phase, this.notice] = ['training', () => notices().goesOn];
    await this.#attempt(() => this.#call((api) => api.resume(pace)));
  }

  /** Stops after the batch at work, or at once if that takes too long; the weights of the last checkpoint stay. */
  async stop(): Promise<void> {
    const engine = this.#engine;
    [this.phase, this.notice] = ['stopping', () => notices().stopping];
    this.#call((api) => api.stop()).catch(() => {}); // #work has the same error
    let timer = 0;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(resolve, STOP_MS, 'late');
    });
    const first = await Promise.race([this.#work, late]);
    clearTimeout(timer);
    if (first !== 'late' || engine !== this.#engine) return;
    await this.start(() => notices().restarted);
  }

  /**
   * Takes the weights of a file, or a project; if they do not fit, nothing changes but the fault. Nothing else is done
   * until it is read: a training would find another model from one batch to the next.
   *
   * @param name  of the model that weights are for
   * @returns  the settings of a project; null where it is none, or the lab is busy
   */
  async upload(name: string, file: File): Promise<Partial<Settings> | null> {
    if (this.phase !== 'idle') return null;
    let settings: Partial<Settings> | null = null;
    this.phase = 'opening';
    await this.#attempt(async () => {
      let bytes = new Uint8Array(await file.arrayBuffer());
      if (/\.zip$/i.test(file.name)) {
        const project = await this.#call((api) => api.opened(bytes, file.name));
        settings = fromLink(`${new URLSearchParams(textsOf(project.settings))}`);
        name = settings.model ?? DEFAULTS.model;
        bytes = project.weights ?? bytes;
      }
      await this.#call((api) => api.loadWeights(sourceOf(name), bytes, file.name, CLASSES));
      this.course.take(name, bytes);
      [this.phase, this.result, this.fault] = ['idle', null, null];
      this.notice = () => notices().uploaded(file.name);
      this.#startOver();
      this.sight.again();
    }, 'idle');
    return settings;
  }

  /** Asks the worker something for a component; null where it cannot answer. */
  async ask<T>(request: (api: Remote<Trainer>) => T): Promise<Awaited<T> | null> {
    if (!this.#isThere) return null;
    let answer: Awaited<T> | null = null;
    await this.#attempt(async () => {
      answer = await this.#call(request);
    });
    return answer;
  }

  /** Waits until the page may show something new. */
  turn(): Promise<void> {
    return this.#turns.next();
  }

  dismiss(): void {
    this.fault = null;
  }

  // ------------------------------------------------------------------------------------------------ inside

  get #isThere(): boolean {
    return this.phase !== 'loading' && this.phase !== 'failed';
  }

  #call<T>(request: (api: Remote<Trainer>) => T): Promise<Awaited<T>> {
    return (this.#engine as Engine<Trainer>).call(request);
  }

  async #test(): Promise<void> {
    [this.phase, this.testing, this.result, this.fault] = ['testing', null, null, null];
    this.notice = () => notices().testing;
    const result = await this.#call((api) => api.test((testing) => (this.testing = testing)));
    const missing = this.phase === ('stopping' as Phase) ? 'testStopped' : 'untested';
    this.notice = () =>
      result ? notices().tested(Math.round(result.accuracy * result.total), result.total) : notices()[missing];
    [this.phase, this.testing, this.result] = ['idle', null, result];
  }

  #onEvent(settings: Settings, event: RunEvent): void {
    const { course } = this;
    if (event.kind === 'steps') {
      if (!this.#steps.length) this.turn().then(() => this.#showSteps());
      this.#steps.push(...event.steps);
      return;
    }
    this.#showSteps(); // what follows is about the model after them
    if (event.kind === 'start') {
      course.begin(settings, this.result?.accuracy);
      [this.progress, this.result] = [null, null];
      this.versions = this.versions && { ...this.versions, kernels: event.kernels };
      this.#startOver();
      this.sight.again();
    } else if (event.kind === 'moment') course.addMoment(event.samples);
    else if (event.kind === 'paused') this.#onPaused();
    else course.keep(event.samples, event.weights);
  }

  #showSteps(): void {
    const { course } = this;
    const steps = this.#steps;
    if (!steps.length) return;
    this.#steps = [];
    course.add(steps);
    const eases = this.#pace === 'ease' && course.batches <= EASED;
    this.sight.follow(eases || this.#pace === 'slow' || this.#pace === 'step');
  }

  #onPaused(): void {
    [this.phase, this.notice] = ['paused', () => notices().paused];
    this.sight.again();
  }

  /** Shows why a run failed, and goes back to its last checkpoint. */
  async #giveUp(error: Error): Promise<void> {
    if (error instanceof EngineGone) return; // a new engine starts from there
    this.#fail(error, 'stopping');
    await this.#restore();
    [this.phase, this.notice] = ['idle', () => notices().backToCheckpoint];
    this.sight.again();
  }

  /** Gives a new worker its model; for one of an earlier visit tells how that went. */
  async #takeUpOrRestore(): Promise<'back' | 'misfit' | 'ready'> {
    const takesUp = this.#takesUp;
    this.#takesUp = false;
    try {
      await this.#restore();
      return takesUp ? 'back' : 'ready';
    } catch (error) {
      if (!takesUp || error instanceof EngineGone) throw error;
      this.course.checkpoint = null;
      await this.#restore();
      return 'misfit';
    }
  }

  /** Gives the worker the model of the last checkpoint; where there is none, a new one. */
  async #restore(): Promise<void> {
    this.#startOver();
    const { checkpoint } = this.course;
    await this.#call((api) =>
      checkpoint
        ? api.loadWeights(sourceOf(checkpoint.model.name), checkpoint.bytes, 'checkpoint.npz', checkpoint.model.classes)
        : api.build(sourceOf(this.course.usual), CLASSES),
    );
    this.course.goBack();
  }

  /** There is a new worker, or a new run. */
  #startOver(): void {
    this.#steps = [];
    this.course.moments = [];
    this.sight.startOver();
  }

  /**
   * Does something; an error that the worker survives becomes the fault that the page shows.
   *
   * @param phase  after an error; the same as before it if left out
   */
  async #attempt(work: () => Promise<unknown>, phase?: Phase): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const error = thrown as Error;
      if (!(error instanceof EngineGone)) this.#fail(error, phase); // the engine itself reports its end
    }
  }

  #fail(error: Error, phase: Phase = this.phase): void {
    [this.phase, this.progress, this.testing, this.notice] = [phase, null, null, () => ''];
    this.fault = faultOf(error, phase !== 'failed');
  }
}

/** What the settings of a project say, as far as it is text: they may be anything. */
const textsOf = (settings: string): [string, string][] =>
  Object.entries(JSON.parse(settings) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
