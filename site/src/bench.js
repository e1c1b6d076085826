// The benchmark page: what is measured, one figure after the other, and the state that the views draw.

import { PYODIDE_FILES } from './engine/assets.js';
import address from './engine/bench.worker.js?worker&url';
import { Engine } from './engine/engine.js';
import { faultOf } from './fault.js';
import { showLanguage, texts } from './language.js';
import { told } from './message.js';
import { Store } from './store.js';
import { announce, byId, guardButtons, loadingText, setEnabled } from './views/dom.js';
import { drawFault, onFaultButtons } from './views/fault.js';
import { clearFigures, drawFigure, layOut } from './views/figures.js';
import { drawVersions } from './views/versions.js';

/**
 * @typedef {import('./engine/bench.worker.js').BenchApi} BenchApi
 *
 * @typedef {import('./views/figures.js').Measure} Measure
 *
 * @typedef {object} BenchState
 * @property {'idle' | 'loading' | 'measuring' | 'stopping'} phase
 * @property {import('./engine/downloads.js').Progress | null} progress
 * @property {import('./engine/python.js').Versions | null} versions
 * @property {number} done  measures
 * @property {() => string} notice
 * @property {import('./fault.js').Fault | null} fault
 */

const text = texts(
  {
    // the main button in each phase
    idle: 'Run',
    loading: 'Loading …',
    measuring: 'Measuring …',
    stopping: 'Stopping …',

    before: 'It loads Python, 16 MB, and then takes about a minute.',
    loads: 'Loading Python.',
    measures: 'Measuring.',
    stops: 'Stopping.',
    all: 'All is measured.',
    stopped: 'Stopped.',
    computing: (/** @type {string} */ kernels) => `Computing with ${kernels}.`,

    training: 'Training',
    forward: 'Reading',
    product: 'Product of two matrices',
    convolution: (/** @type {number[]} */ [N, C, H, W, OC, K]) =>
      `Convolution of ${N} images, ${C} × ${H} × ${W}, with ${OC} kernels, ${K} × ${K}`,
  },
  {
    idle: '測る',
    loading: '読み込み中 …',
    measuring: '計測中 …',
    stopping: '停止中 …',

    before: 'Python(16 MB)を読み込んでから、1 分ほどかかります。',
    loads: 'Python を読み込んでいます。',
    measures: '測っています。',
    stops: '停止しています。',
    all: 'すべて測り終えました。',
    stopped: '停止しました。',
    computing: (kernels) => `計算: ${kernels}`,

    training: '学習',
    forward: '推論',
    product: '行列どうしの積',
    convolution: ([N, C, H, W, OC, K]) =>
      `${C} × ${H} × ${W} の画像 ${N} 枚と ${K} × ${K} のカーネル ${OC} 個の畳み込み`,
  },
);

/** @type {Measure[]} */
const NETS = [
  { name: 'training', args: [], label: () => text().training },
  { name: 'forward', args: [], label: () => text().forward },
];

const PRODUCTS = {
  title: () => text().product,
  measures: [256, 512, 1024].map((size) => ({ name: 'product', args: [size], label: () => `${size} × ${size}` })),
};

/** From the first layer of a small network to those within larger ones. */
const CONVOLUTIONS = [
  [32, 1, 28, 28, 16, 5],
  [32, 16, 14, 14, 32, 5],
  [16, 16, 28, 28, 32, 3],
  [8, 64, 14, 14, 64, 3],
].map((sizes) => ({
  title: () => text().convolution(sizes),
  measures: ['forward', 'gx', 'gW'].map((kind) => ({
    name: 'convolution',
    args: [kind, ...sizes],
    label: () => kind,
  })),
}));

const KERNELS = [PRODUCTS, ...CONVOLUTIONS];

/** @type {Measure[]} */
const MEASURES = [
  { name: 'ceiling', args: [], label: () => '' },
  ...NETS,
  { name: 'split', args: [], label: () => '' },
  ...KERNELS.flatMap(({ measures }) => measures),
];

/** @extends {Store<BenchState>} */
class Bench extends Store {
  /** @type {Engine<BenchApi> | null} */
  #engine = null;

  constructor() {
    super({ phase: 'idle', progress: null, versions: null, done: 0, notice: () => text().before, fault: null });
  }

  /** Whether Python is there. */
  get isLoaded() {
    return this.#engine !== null;
  }

  /** Loads Python where it is not there yet, and measures. */
  async run() {
    this.set({ phase: 'loading', progress: null, done: 0, fault: null, notice: () => text().loads });
    clearFigures();
    try {
      this.#engine ??= await this.#load();
      const engine = this.#engine;
      this.set({ phase: 'measuring', progress: null, notice: () => text().measures });
      for (const measure of MEASURES) {
        if (this.state.phase !== 'measuring') break;
        drawFigure(measure, await engine.call((api) => api.measure(measure.name, measure.args)));
        this.set({ done: this.state.done + 1 });
      }
      const isWhole = this.state.done === MEASURES.length;
      const notice = () => (isWhole ? text().all : text().stopped);
      this.set({ phase: 'idle', progress: null, notice });
    } catch (thrown) {
      const fault = faultOf(/** @type {Error} */ (thrown), this.isLoaded);
      this.set({ phase: 'idle', progress: null, fault, notice: () => '' });
    }
  }

  /** Ends after the measure at work. */
  stop() {
    this.set({ phase: 'stopping', notice: () => text().stops });
  }

  dismiss() {
    this.set({ fault: null });
  }

  async #load() {
    const base = new URL('./', document.baseURI).href;
    /** @type {Engine<BenchApi>} */
    const engine = new Engine(base, address, { onGone: () => (this.#engine = null) });
    try {
      const versions = await engine.load(
        (api) => api.load(base),
        PYODIDE_FILES,
        (progress) => this.set({ progress }),
      );
      this.set({ versions });
      return engine;
    } catch (error) {
      engine.terminate();
      throw error;
    }
  }
}

const bench = new Bench();

showLanguage();
guardButtons();
layOut('nets', ['simd', 'numpy', 'ratio'], [{ measures: NETS }]);
layOut('products', ['simd', 'share', 'numpy', 'ratio'], KERNELS);
byId('go').addEventListener('click', () => bench.run());
byId('stop').addEventListener('click', () => bench.stop());
onFaultButtons({ retry: () => bench.run(), dismiss: () => bench.dismiss() });
bench.show(({ phase, progress, versions, done, notice, fault }) => {
  byId('go').textContent = text()[phase];
  setEnabled('go', phase === 'idle');
  setEnabled('stop', phase === 'measuring');
  const bar = /** @type {HTMLProgressElement} */ (byId('progress'));
  [bar.value, bar.max] = progress ? [progress.loaded, progress.total] : [done, MEASURES.length];
  byId('notice').textContent = progress ? loadingText('Python', progress) : notice();
  announce(notice());
  byId('kernels').textContent = versions ? text().computing(told(versions.kernels)) : '';
  drawVersions(versions);
  drawFault(fault, bench.isLoaded);
});
