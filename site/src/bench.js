// The benchmark page: what is measured, one figure after the other, and the state that the views draw.

import { Engine } from './engine/engine.js';
import { faultOf } from './fault.js';
import { showLanguage } from './language.js';
import { Store } from './store.js';
import { byId, guardButtons, loadingText, setEnabled } from './views/dom.js';
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
 * @property {string} notice
 * @property {import('./fault.js').Fault | null} fault
 */

/** @type {Measure[]} */
const NETS = [
  { name: 'training', args: [], label: 'Training' },
  { name: 'forward', args: [], label: 'Reading' },
];

const PRODUCTS = {
  title: 'Product of two matrices',
  measures: [256, 512, 1024].map((size) => ({ name: 'product', args: [size], label: `${size} × ${size}` })),
};

/** From the first layer of a small network to those within larger ones. */
const CONVOLUTIONS = [
  [32, 1, 28, 28, 16, 5],
  [32, 16, 14, 14, 32, 5],
  [16, 16, 28, 28, 32, 3],
  [8, 64, 14, 14, 64, 3],
].map(([N, C, H, W, OC, K]) => ({
  title: `Convolution of ${N} images, ${C} × ${H} × ${W}, with ${OC} kernels, ${K} × ${K}`,
  measures: ['forward', 'gx', 'gW'].map((kind) => ({
    name: 'convolution',
    args: [kind, N, C, H, W, OC, K],
    label: kind,
  })),
}));

const KERNELS = [PRODUCTS, ...CONVOLUTIONS];

/** @type {Measure[]} */
const MEASURES = [
  { name: 'ceiling', args: [], label: 'ceiling' },
  ...NETS,
  { name: 'split', args: [], label: 'split' },
  ...KERNELS.flatMap(({ measures }) => measures),
];

/** @extends {Store<BenchState>} */
class Bench extends Store {
  /** @type {Engine<BenchApi> | null} */
  #engine = null;

  constructor() {
    super({ phase: 'idle', progress: null, versions: null, done: 0, notice: '', fault: null });
  }

  /** Whether Python is there. */
  get isLoaded() {
    return this.#engine !== null;
  }

  /** Loads Python where it is not there yet, and measures. */
  async run() {
    this.set({ phase: 'loading', progress: null, done: 0, fault: null, notice: 'Loading Python.' });
    clearFigures();
    try {
      const engine = (this.#engine ??= await this.#load());
      this.set({ phase: 'measuring', progress: null, notice: 'Measuring.' });
      for (const measure of MEASURES) {
        if (this.state.phase !== 'measuring') break;
        drawFigure(measure, await engine.call((api) => api.measure(measure.name, measure.args)));
        this.set({ done: this.state.done + 1 });
      }
      const notice = this.state.done === MEASURES.length ? 'All is measured.' : 'Stopped.';
      this.set({ phase: 'idle', progress: null, notice });
    } catch (thrown) {
      const fault = faultOf(/** @type {Error} */ (thrown), this.isLoaded);
      this.set({ phase: 'idle', progress: null, fault, notice: '' });
    }
  }

  /** Ends after the measure at work. */
  stop() {
    this.set({ phase: 'stopping', notice: 'Stopping.' });
  }

  dismiss() {
    this.set({ fault: null });
  }

  async #load() {
    const worker = new Worker(new URL('./engine/bench.worker.js', import.meta.url), { type: 'module', name: 'python' });
    /** @type {Engine<BenchApi>} */
    const engine = new Engine(worker, () => (this.#engine = null));
    try {
      const versions = await engine.load(
        (api, report) => api.load(new URL('./', document.baseURI).href, report),
        (progress) => this.set({ progress }),
      );
      this.set({ versions });
      return engine;
    } catch (error) {
      engine.terminate('it could not be loaded');
      throw error;
    }
  }
}

/** The main button in each phase. @type {Record<BenchState['phase'], string>} */
const GO = { idle: 'Run', loading: 'Loading …', measuring: 'Measuring …', stopping: 'Stopping …' };

const bench = new Bench();

showLanguage();
guardButtons();
layOut('nets', ['simd', 'numpy', 'ratio'], [{ measures: NETS }]);
layOut('products', ['simd', 'share', 'numpy', 'ratio'], KERNELS);
byId('go').addEventListener('click', () => bench.run());
byId('stop').addEventListener('click', () => bench.stop());
onFaultButtons({ retry: () => bench.run(), dismiss: () => bench.dismiss() });
const first = byId('notice').textContent;
bench.show(({ phase, progress, versions, done, notice, fault }) => {
  byId('go').textContent = GO[phase];
  setEnabled('go', phase === 'idle');
  setEnabled('stop', phase === 'measuring');
  const bar = /** @type {HTMLProgressElement} */ (byId('progress'));
  [bar.value, bar.max] = progress ? [progress.loaded, progress.total] : [done, MEASURES.length];
  byId('notice').textContent = progress ? loadingText('Python', progress) : notice || first;
  const announcement = byId('announcement'); // set only when it changes: a screen reader speaks each time
  if (announcement.textContent !== notice) announcement.textContent = notice;
  byId('kernels').textContent = versions ? `Computing with ${versions.kernels}.` : '';
  drawVersions(versions);
  drawFault(fault, bench.isLoaded);
});
