// What is looked at: a picture and some test images, by the present model or as it was at a moment of the latest run.

import type { Look, Reading } from '../engine/findings';
import type { Course } from './course.svelte';
import type { Asking, Source } from './state';

const LOOK_MS = 1_500; // between two looks while training goes as fast as it can
const SHARE = 12; // times as long as a look takes nothing is looked at again

/** How many of the test images are read again and again, and how many give the accuracy. */
const SHOWN = 30;
export const SCORED = 500;

export class Sight {
  /** What is looked at. */
  source = $state.raw<Source | null>(null);
  seen = $state.raw<{ look: Look; source: Source } | null>(null);
  reading = $state.raw<Reading | null>(null);
  /** The moment that is looked at; null for the present. */
  moment = $state<number | null>(null);
  /** Another object each time that what the worker shows has become another model. */
  view = $state.raw({});

  readonly #worker: Asking;
  readonly #course: Course;
  /** The picture to look at next: the latest wins. A drawing is read when its turn comes. */
  #wanted: (() => Source) | null = null;
  #wantsReading = false;
  #isLooking = false;
  #lookedAt = 0;
  #lookMs = 0; // what the latest reading took
  #turned: number | null = null; // the moment that the worker shows

  constructor(worker: Asking, course: Course) {
    this.#worker = worker;
    this.#course = course;
  }

  /** Shows what the model makes of a picture; while it is busy, only the latest counts. */
  look(source: () => Source): void {
    this.#wanted = source;
    this.#next();
  }

  /** Looks with the model as it was at a moment of the latest run; null for the present. */
  turnTo(moment: number | null): void {
    this.moment = moment;
    this.again();
  }

  /** Shows what the model makes of the same pictures. */
  again(): void {
    const { source } = this;
    if (source) this.#wanted ??= () => source;
    this.#wantsReading = true;
    this.#next();
  }

  /** The model has learnt; looks again, if `atOnce` is false only now and then. */
  follow(atOnce: boolean): void {
    if (this.moment !== null) return;
    this.view = {};
    const rest = Math.max(LOOK_MS, SHARE * this.#lookMs);
    if (atOnce || performance.now() - this.#lookedAt > rest) this.again();
  }

  /** There is a new worker, or a new run: the present is shown. */
  startOver(): void {
    [this.moment, this.#turned, this.view] = [null, null, {}];
  }

  async #next(): Promise<void> {
    if (this.#isLooking || !this.#worker.isThere()) return;
    this.#isLooking = true;
    await this.#worker.attempt(async () => {
      // An answer may have waited for its turn until its worker was gone, and the next one is loading.
      while ((this.#wanted || this.#wantsReading) && this.#worker.isThere()) {
        this.#lookedAt = performance.now();
        const { moment } = this;
        if (this.#turned !== moment) {
          await this.#worker.call((api) => api.turnTo(moment));
          [this.#turned, this.view] = [moment, {}];
        }
        const source = this.#wanted?.();
        this.#wanted = null;
        if (source) await this.#look(source);
        // Not only once no look is wanted: a training that learns fast wants the next one at once.
        if (this.#wantsReading && this.#worker.isThere() && moment === this.moment) await this.#read();
      }
    });
    this.#isLooking = false;
  }

  async #look(source: Source): Promise<void> {
    this.source = source;
    const look = await this.#worker.call((api) =>
      'ink' in source ? api.lookAtDrawing(source.ink, source.width) : api.lookAtTestImage(source.index),
    );
    await this.#worker.turn();
    this.seen = { source, look };
  }

  async #read(): Promise<void> {
    this.#wantsReading = false;
    const { moment } = this;
    const { test } = this.#course.curves; // of this training: another one may begin meanwhile
    const samples = this.#course.model?.samples ?? 0;
    const { reading, ms } = await this.#worker.call((api) => api.read(SHOWN, SCORED));
    this.#lookMs = ms;
    await this.#worker.turn();
    if (moment !== this.moment) return;
    this.reading = reading;
    if (moment === null && test === this.#course.curves.test) this.#course.addTest(samples, reading);
  }
}
