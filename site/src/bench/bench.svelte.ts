// What the benchmark page measures, one figure after the other.

import { type Fault, faultOf } from '../app/fault';
import { texts } from '../app/language.svelte';
import { PYODIDE_FILES } from '../engine/assets';
import type { Meter } from '../engine/bench.worker';
import address from '../engine/bench.worker.ts?worker&url';
import type { Progress } from '../engine/downloads';
import { Engine } from '../engine/engine';
import type { Versions } from '../engine/protocol';
import { siteFolder } from '../engine/site';
import { type Pair, raised } from './ceiling';

/** One call of a function of bench.py. */
export interface Measure {
  name: string;
  args: (string | number)[];
  /** Of its row. */
  label: () => string;
}

/** Rows of a table under a title. */
export interface Group {
  title: () => string;
  measures: Measure[];
}

/** Milliseconds of a training step. */
export interface Split {
  whole: number;
  kernels: Record<string, number>;
  functions: number;
}

const text = texts(
  {
    before: 'This loads Python (16 MB), then takes about a minute.',
    loads: 'Loading Python.',
    measures: 'Measuring.',
    stops: 'Stopping.',
    all: 'Everything is measured.',
    stopped: 'Stopped.',

    training: 'Training',
    forward: 'Inference',
    product: 'Matrix product',
    convolution: ([N, C, H, W, OC, K]: number[]) =>
      `Convolution of ${N} images, ${C} × ${H} × ${W}, with ${OC} kernels, ${K} × ${K}`,
  },
  {
    before: 'Python(16 MB)を読み込んでから、1 分ほどかかります。',
    loads: 'Python を読み込んでいます。',
    measures: '測っています。',
    stops: '停止しています。',
    all: 'すべて測り終えました。',
    stopped: '停止しました。',

    training: '学習',
    forward: '推論',
    product: '行列どうしの積',
    convolution: ([N, C, H, W, OC, K]) =>
      `${C} × ${H} × ${W} の画像 ${N} 枚と ${K} × ${K} のカーネル ${OC} 個の畳み込み`,
  },
);

/** From the first layer of a small network to those within larger ones. */
const SIZES = [
  [32, 1, 28, 28, 16, 5],
  [32, 16, 14, 14, 32, 5],
  [16, 16, 28, 28, 32, 3],
  [8, 64, 14, 14, 64, 3],
];

export const NETS: Measure[] = [
  { name: 'training', args: [], label: () => text().training },
  { name: 'forward', args: [], label: () => text().forward },
];

export const KERNELS: Group[] = [
  {
    title: () => text().product,
    measures: [256, 512, 1024].map((size) => ({ name: 'product', args: [size], label: () => `${size} × ${size}` })),
  },
  ...SIZES.map((sizes) => ({
    title: () => text().convolution(sizes),
    measures: ['forward', 'gx', 'gW'].map((kind) => ({
      name: 'convolution',
      args: [kind, ...sizes],
      label: () => kind,
    })),
  })),
];

const CEILING: Measure = { name: 'ceiling', args: [], label: () => '' };
const SPLIT: Measure = { name: 'split', args: [], label: () => '' };

export const MEASURES = [CEILING, ...NETS, SPLIT, ...KERNELS.flatMap(({ measures }) => measures)];

export class Bench {
  phase = $state<'idle' | 'loading' | 'measuring' | 'stopping'>('idle');
  progress = $state.raw<Progress | null>(null);
  versions = $state.raw<Versions | null>(null);
  notice = $state.raw(() => text().before);
  fault = $state.raw<Fault | null>(null);

  done = $state(0);
  ceiling = $state(0);
  pairs = $state.raw(new Map<Measure, Pair>());
  split = $state.raw<Split | null>(null);

  #engine: Engine<Meter> | null = $state.raw(null);
  /** The same, also while it loads. */
  #started: Engine<Meter> | undefined;

  /** Whether Python is there. */
  get isLoaded(): boolean {
    return this.#engine !== null;
  }

  /** Loads Python where it is not there yet, and measures. */
  async run(): Promise<void> {
    [this.done, this.ceiling, this.pairs, this.split] = [0, 0, new Map(), null];
    [this.phase, this.progress, this.fault, this.notice] = ['loading', null, null, () => text().loads];
    try {
      this.#engine ??= await this.#load();
      [this.phase, this.progress, this.notice] = ['measuring', null, () => text().measures];
      for (const measure of MEASURES) {
        if (this.phase !== 'measuring') break;
        this.#take(measure, await this.#engine.call((api) => api.measure(measure.name, measure.args)));
        this.done += 1;
      }
      const isWhole = this.done === MEASURES.length;
      this.notice = () => (isWhole ? text().all : text().stopped);
    } catch (error) {
      this.fault = faultOf(error as Error, this.isLoaded);
      this.notice = () => '';
    }
    [this.phase, this.progress] = ['idle', null];
  }

  /** The page is left. */
  leave(): void {
    this.#started?.terminate();
  }

  /** Ends after the measure at work. */
  stop(): void {
    [this.phase, this.notice] = ['stopping', () => text().stops];
  }

  dismiss(): void {
    this.fault = null;
  }

  #take(measure: Measure, result: unknown): void {
    if (measure === SPLIT) {
      this.split = result as Split;
    } else if (measure === CEILING) {
      this.ceiling = Math.max(this.ceiling, (result as number | null) ?? 0);
    } else {
      const pair = result as Pair;
      this.pairs = new Map(this.pairs).set(measure, pair);
      this.ceiling = raised(this.ceiling, measure.name, pair);
    }
  }

  async #load(): Promise<Engine<Meter>> {
    const engine = new Engine<Meter>(address, { onGone: () => (this.#engine = null) });
    this.#started = engine;
    try {
      this.versions = await engine.load(
        (api) => api.load(siteFolder()),
        PYODIDE_FILES,
        (progress) => (this.progress = progress),
      );
      return engine;
    } catch (error) {
      engine.terminate();
      throw error;
    }
  }
}
