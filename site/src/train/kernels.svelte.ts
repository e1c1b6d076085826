// What could compute: the GPU, and whether it or the CPU trains a model faster.

import type { Message } from '../engine/message';
import type { Gpu } from '../engine/trainer';
import { sourceOf } from './net';
import type { Settings } from './settings';
import type { Asking } from './state';

export class Kernels {
  /** Null until it is known. */
  gpu = $state.raw<Gpu | null>(null);
  /** Which kernels are faster; null where that is not known. */
  advice = $state.raw<Message | null>(null);
  /** The trial under way. */
  trial: Promise<void> = Promise.resolve();

  readonly #worker: Asking;
  readonly #isIdle: () => boolean;
  #tried = ''; // what the advice is about

  constructor(worker: Asking, isIdle: () => boolean) {
    this.#worker = worker;
    this.#isIdle = isIdle;
  }

  /** Looks for a GPU. */
  find(): Promise<void> {
    return this.#worker.attempt(async () => {
      this.gpu = await this.#worker.call((api) => api.findGpu());
    });
  }

  /** Finds out which kernels train a model faster, where there is a choice. */
  compare({ model, batchSize }: Settings): void {
    const wanted = `${model} ${batchSize}`;
    if (!this.#isIdle() || !this.gpu || this.gpu.missing !== undefined || wanted === this.#tried) return;
    this.#tried = wanted;
    this.trial = this.trial.then(async () => {
      if (wanted !== this.#tried) return;
      if (!this.#isIdle()) {
        this.#tried = ''; // the next time that it is idle
        return;
      }
      this.advice = null;
      // Without its advice, after whatever error, all goes on: training tells of a GPU that is lost.
      const advice = await this.#worker.call((api) => api.compare(sourceOf(model), batchSize)).catch(() => null);
      if (wanted === this.#tried) this.advice = advice;
    });
  }
}
