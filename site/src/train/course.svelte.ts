// The course of the training: the model, its runs, and what was measured on the way. It is told what happens.

import type { Reading } from '../engine/findings';
import type { Step } from '../engine/trainer';
import { type Curves, cutAt, noCurves, thinned } from './curves';
import { CLASSES } from './net';
import { DEFAULTS, type Settings } from './settings';
import type { Checkpoint, Model, PastRun, Run } from './state';

const MOST_RUNS = 4;

const random = (name: string): Model => ({ name, origin: 'random', samples: 0, classes: CLASSES });

/** The model after so many images of a run. */
const modelAfter = ({ start }: Run, samples: number): Model =>
  samples ? { ...start, origin: 'trained', samples: start.samples + samples } : start;

export class Course {
  model = $state.raw<Model | null>(null);
  /** The latest. */
  checkpoint = $state.raw<Checkpoint | null>(null);
  /** The latest. */
  run = $state.raw<Run | null>(null);
  /** Of the present model. */
  curves = $state.raw<Curves>(noCurves());
  /** Earlier runs, oldest first. */
  past = $state.raw<PastRun[]>([]);
  /** Images that the model had seen at the moments of the run that can be looked back at. */
  moments = $state.raw<number[]>([]);
  /** Of the run. */
  batches = 0;
  /** Name of the model that there is before anything is trained or kept. */
  usual = DEFAULTS.model;

  #steppedAt = 0;

  /** Takes up what an earlier visit has left. */
  takeUp(checkpoint: Checkpoint): void {
    this.checkpoint = checkpoint;
    this.curves = { ...noCurves(), ...checkpoint.curves };
  }

  /** A run begins; the test of the model before it gave an accuracy, if there was one. */
  begin(settings: Settings, accuracy?: number): void {
    const start = settings.fresh || !this.model ? random(settings.model) : this.model;
    if (settings.fresh) this.#putAside(accuracy);
    this.model = start;
    this.run = { settings, start, done: 0, total: settings.images * settings.epochs, epoch: 1, seconds: 0 };
    this.batches = 0;
    this.goOn();
  }

  /** The time until now was no training's. */
  goOn(): void {
    this.#steppedAt = performance.now();
  }

  /** Batches were trained. */
  add(steps: Step[]): void {
    if (!this.run) return;
    const now = performance.now();
    const seconds = this.run.seconds + (now - this.#steppedAt) / 1000;
    this.#steppedAt = now;
    this.batches += steps.length;
    const { curves } = this;
    for (const { samples, loss, accuracy } of steps) {
      curves.samples.push(this.run.start.samples + samples);
      curves.loss.push(loss);
      curves.accuracy.push(accuracy);
    }
    const { samples, epoch } = steps[steps.length - 1];
    this.run = { ...this.run, done: samples, epoch, seconds };
    this.curves = { ...curves };
    this.model = modelAfter(this.run, samples);
  }

  /** The model after so many images of the run can be looked back at. */
  addMoment(samples: number): void {
    this.moments = [...this.moments, (this.run?.start.samples ?? 0) + samples];
  }

  /** The model after so many images read test images. */
  addTest(samples: number, { accuracy, loss }: Reading): void {
    const { test } = this.curves;
    if (!this.run || samples <= (test.samples.at(-1) ?? -1)) return;
    test.samples.push(samples);
    test.accuracy.push(accuracy);
    test.loss.push(loss);
    this.curves = { ...this.curves };
  }

  /** Keeps the weights after so many images of the run. */
  keep(samples: number, bytes: Uint8Array): void {
    if (!this.run) return;
    this.checkpoint = { model: modelAfter(this.run, samples), bytes, curves: this.curves };
  }

  /** The model is as at the last checkpoint, and the curves go as far; where there is none, it is a new one. */
  goBack(): void {
    if (!this.checkpoint) {
      [this.model, this.curves] = [random(this.usual), noCurves()];
      return;
    }
    const { model } = this.checkpoint;
    this.model = model;
    this.run = this.run && { ...this.run, done: model.samples - this.run.start.samples };
    this.curves = cutAt(this.curves, model.samples);
  }

  /** The model's weights are a file's. */
  take(name: string, bytes: Uint8Array): void {
    this.model = { ...random(name), origin: 'uploaded' };
    [this.curves, this.run] = [noCurves(), null];
    this.checkpoint = { model: this.model, bytes, curves: this.curves };
  }

  /** Lets go an earlier run. */
  forget(id: number): void {
    this.past = this.past.filter((run) => run.id !== id);
  }

  /** Keeps the curves of the run before, and begins new ones. */
  #putAside(accuracy?: number): void {
    if (this.run && this.curves.samples.length > 1) {
      const { model, optimizer, learningRate, batchSize } = this.run.settings;
      const run = {
        id: 1 + Math.max(0, ...this.past.map(({ id }) => id)),
        settings: { model, optimizer, learningRate, batchSize },
        curves: thinned(this.curves),
        accuracy,
      };
      this.past = [...this.past, run].slice(-MOST_RUNS);
    }
    this.curves = noCurves();
  }
}
