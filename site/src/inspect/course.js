// How the layers do while the model trains: the norms of their gradients, and how far their weights have moved.

import { byId, count, make, percent } from '../views/dom.js';
import { images, Plot } from '../views/plot.js';
import { svg } from '../views/svg.js';
import { number, stageName, text } from './words.js';

/**
 * @typedef {import('./inspector.js').Inspector} Inspector
 * @typedef {import('./inspector.js').Inspection} Inspection
 * @typedef {import('../engine/answers.js').Histogram} Histogram
 */

/** One for each layer that is drawn; from the first one again where there are more. */
const LINES = /** @type {[colour: string, dash: number[]][]} */ ([
  ['--line-1', []],
  ['--line-2', [6, 3]],
  ['--line-3', [2, 3]],
  ['--line-4', [10, 4]],
  ['--line-5', [8, 3, 2, 3]],
]);

/** @param {Inspector} inspector */
export function showCourse(inspector) {
  const chart = new Chart(inspector);
  const changes = byId('changes');
  inspector.show((inspection) => {
    const { report, measures, share } = inspection;
    byId('course').hidden = !measures;
    byId('inspect-share').textContent = share === null ? '' : text().share(percent(share, 1));
    if (!report || !measures) return;
    byId('inspect-body').classList.remove('waiting');
    chart.draw(inspection);
    const items = layersOf(inspection).map(({ name, stage }) => {
      const { weights } = measures[stage];
      return weights ? change(name, weights) : '';
    });
    changes.replaceChildren(...items);
  });
}

/** The layers with Parameters, by name, and which stages they are. @param {Inspection} inspection */
function layersOf({ report }) {
  const stages = report?.stages ?? [];
  return stages.flatMap((stage, i) => (stage.layer ? [{ name: stageName(stage), stage: i }] : []));
}

/** The norms of the gradients, on a logarithmic axis. */
class Chart {
  #place = byId('gradient-chart');
  #layers = '';
  #plot;

  /** @param {Inspector} inspector */
  constructor(inspector) {
    this.#plot = new Plot(
      this.#place,
      ({ ink, axis }) => ({
        scales: { x: { time: false, range: () => [0, last(inspector.state) || 1] }, y: { distr: 3, range: decades } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map(images), size: 28 },
          { ...axis, values: (_, ticks) => ticks.map(power), size: 48 },
        ],
        series: [
          {},
          ...layersOf(inspector.state).map((_, i) => {
            const [colour, dash] = LINES[i % LINES.length];
            return { stroke: ink(colour), dash, width: 2, points: { show: inspector.state.history.length < 3 } };
          }),
        ],
      }),
      () => {
        const { history } = inspector.state;
        const norms = layersOf(inspector.state).map(
          ({ stage }) => history.map(({ measures }) => measures[stage].gradient || null), // a logarithm has no zero
        );
        return [history.map(({ samples }) => samples), ...norms];
      },
    );
  }

  /** @param {Inspection} inspection */
  draw(inspection) {
    const { history } = inspection;
    const layers = layersOf(inspection);
    const drawn = `${layers.map(({ name }) => name)} ${Math.min(history.length, 3)}`;
    if (drawn === this.#layers) this.#plot.redraw();
    else this.#plot.rebuild();
    this.#layers = drawn;
    const latest = history[history.length - 1];
    if (!latest) return;
    const norms = layers.map(({ name, stage }) => ({
      name,
      norm: (latest.measures[stage].gradient ?? 0).toPrecision(2),
    }));
    const list = norms.map(({ name, norm }) => text().gradient(name, norm)).join(', ');
    this.#place.setAttribute('aria-label', text().gradients(list, count(latest.samples)));
    byId('gradient-legend').replaceChildren(
      ...norms.map(({ name, norm }, i) => {
        const key = make('span', { className: `key line-${1 + (i % LINES.length)}` });
        return make('li', {}, key, ` ${name} `, make('span', { className: 'value' }, norm));
      }),
    );
  }
}

/** Images that the model has seen. @param {Inspection} inspection */
const last = ({ history }) => history[history.length - 1]?.samples ?? 0;

/** Whole powers of ten around the values. @type {(plot: unknown, low: number | null, high: number | null) => [number, number]} */
const decades = (_, low, high) => {
  if (!low || !high) return [0.1, 1];
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  return [10 ** first, 10 ** Math.max(last, first + 1)];
};

/** Powers of ten as they are; nothing for what lies between. @param {number | null} tick */
const power = (tick) => {
  if (!tick) return '';
  const exponent = Math.log10(tick);
  return Math.abs(exponent - Math.round(exponent)) < 1e-6 ? String(Number(tick.toPrecision(1))) : '';
};

/**
 * A layer's weights before training and now.
 *
 * @param {string} name
 * @param {{now: Histogram, before: Histogram, change: number}} weights
 */
function change(name, { now, before, change }) {
  const [low, high, share] = [number(now.low), number(now.high), percent(change, 0)];
  const highest = Math.max(...now.counts, ...before.counts);
  const bins = now.counts.length;
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${bins} 1`, preserveAspectRatio: 'none', role: 'img' },
    svg('path', { class: 'before', d: `${outline(before.counts, highest)}Z` }),
    svg('path', { class: 'now', d: outline(now.counts, highest) }),
  );
  drawing.setAttribute('aria-label', text().distribution(name, low, high, share));
  return make(
    'li',
    {},
    make('p', {}, make('strong', {}, name), ' ', make('span', { className: 'hint' }, text().change(share))),
    drawing,
    make('p', { className: 'hint ends' }, make('span', {}, low), make('span', {}, high)),
  );
}

/** A histogram as stairs in a box that is one high. @param {number[]} counts @param {number} highest */
const outline = (counts, highest) =>
  `M0 1${counts.map((n, i) => `L${i} ${1 - n / highest}L${i + 1} ${1 - n / highest}`).join('')}L${counts.length} 1`;
