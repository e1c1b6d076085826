// The curves of loss and accuracy, drawn by uPlot.

import uPlot from 'uplot';
import { language, texts } from '../language.js';
import { DEFAULTS } from '../settings.js';
import { byId, count, percent } from './dom.js';

/**
 * @typedef {import('../lab.js').Lab} Lab
 * @typedef {import('../lab.js').LabState} LabState
 */

const text = texts(
  {
    loss: 'Loss',
    accuracy: 'Accuracy',
    nothing: (/** @type {string} */ name) => `${name}: nothing yet`,
    latest: (/** @type {string} */ name, /** @type {string} */ value, /** @type {string} */ images) =>
      `${name}: ${value} after ${images} images`,
    images: (/** @type {number} */ n) => (n < 1000 ? `${n}` : `${n / 1000}k`),
  },
  {
    loss: '損失',
    accuracy: '正解率',
    nothing: (name) => `${name}: まだありません`,
    latest: (name, value, images) => `${name}: 画像 ${images} 枚のあと ${value}`,
    images: (n) => (n < 10_000 ? count(n) : `${n / 10_000}万`),
  },
);

const SMOOTHING = 0.94; // weight of the past in the bold curve
const HEIGHT = 210;

const dark = matchMedia('(prefers-color-scheme: dark)');

/** @param {Lab} lab */
export function showCharts(lab) {
  chart(lab, 'loss-chart', ({ curves }) => curves.loss, {
    name: 'loss',
    colour: '--loss',
    top: (highest) => highest || 2.5,
    format: (value) => value.toFixed(2),
  });
  chart(lab, 'accuracy-chart', ({ curves }) => curves.accuracy, {
    name: 'accuracy',
    colour: '--accuracy',
    top: () => 1,
    format: (value) => percent(value, 0),
  });
}

/**
 * @typedef {object} Style
 * @property {'loss' | 'accuracy'} name
 * @property {string} colour  a custom property of the style sheet
 * @property {(highest: number) => number} top  end of the axis, which starts at 0
 * @property {(value: number) => string} format
 */

/**
 * @param {Lab} lab
 * @param {string} id
 * @param {(state: LabState) => number[]} pick
 * @param {Style} style
 */
function chart(lab, id, pick, style) {
  const place = byId(id);
  /** @type {uPlot | null} */
  let plot = null;
  let drawn = '';

  const data = () => {
    const values = pick(lab.state);
    return /** @type {uPlot.AlignedData} */ ([lab.state.curves.samples, values, smooth(values)]);
  };
  const rebuild = () => {
    plot?.destroy();
    plot = new uPlot(
      options(place, style, () => end(lab.state)),
      data(),
      place,
    );
  };
  const redraw = () => {
    const values = pick(lab.state);
    const shown = `${language()} ${values.length} ${end(lab.state)}`;
    if (shown === drawn) return;
    drawn = shown;
    plot?.setData(data());
    const last = smooth(values).at(-1);
    const seen = lab.state.curves.samples.at(-1) ?? 0;
    const name = text()[style.name];
    const label = last === undefined ? text().nothing(name) : text().latest(name, style.format(last), count(seen));
    place.setAttribute('aria-label', label);
  };
  rebuild();
  document.fonts.ready.then(rebuild); // uPlot keeps the font that it first drew with
  dark.addEventListener('change', rebuild);
  new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  lab.show(redraw);
}

/** Images that the model will have seen when the run is through. @param {LabState} state */
function end({ run, curves }) {
  return Math.max(curves.samples.at(-1) ?? 0, run ? run.start.samples + run.total : DEFAULTS.images);
}

/**
 * @param {HTMLElement} place
 * @param {Style} style
 * @param {() => number} last  end of the axis of images
 * @returns {uPlot.Options}
 */
function options(place, { colour, top, format }, last) {
  const page = getComputedStyle(document.documentElement);
  const ink = (/** @type {string} */ name) => page.getPropertyValue(name).trim();
  const line = ink(colour);
  const font = `12px ${page.getPropertyValue('--sans')}`;
  const axis = { stroke: ink('--muted'), font, grid: { stroke: ink('--line'), width: 1 }, ticks: { show: false } };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 12, 0, 0],
    scales: {
      x: { time: false, range: () => [0, last()] },
      y: { range: (_, _low, high) => [0, top(high ?? 0)] },
    },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map(text().images), size: 28 },
      { ...axis, values: (_, ticks) => ticks.map(format), size: 48 },
    ],
    series: [
      {},
      { stroke: line, alpha: 0.28, width: 1, points: { show: false } },
      { stroke: line, width: 2.5, points: { show: false } },
    ],
  };
}

/** The mean of each value and those before it, older ones counting less. @param {number[]} values */
function smooth(values) {
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    sum = SMOOTHING * sum + value;
    weight = SMOOTHING * weight + 1;
    return sum / weight;
  });
}
