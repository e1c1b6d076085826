// The curves of loss and accuracy.

import { language, texts } from '../language.js';
import { DEFAULTS } from '../settings.js';
import { byId, count, percent } from './dom.js';
import { images, Plot } from './plot.js';

/**
 * @typedef {import('../lab.js').Lab} Lab
 * @typedef {import('../lab-state.js').LabState} LabState
 */

const text = texts(
  {
    loss: 'Loss',
    accuracy: 'Accuracy',
    nothing: (/** @type {string} */ name) => `${name}: nothing yet`,
    latest: (/** @type {string} */ name, /** @type {string} */ value, /** @type {string} */ images) =>
      `${name}: ${value} after ${images} images`,
  },
  {
    loss: '損失',
    accuracy: '正解率',
    nothing: (name) => `${name}: まだありません`,
    latest: (name, value, images) => `${name}: 画像 ${images} 枚のあと ${value}`,
  },
);

const SMOOTHING = 0.94; // weight of the past in the bold curve

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
  let drawn = '';
  const plot = new Plot(
    place,
    (look) => options(look, style, () => end(lab.state)),
    () => {
      const values = pick(lab.state);
      return [lab.state.curves.samples, values, smooth(values)];
    },
  );
  const redraw = () => {
    const values = pick(lab.state);
    const shown = `${language()} ${values.length} ${end(lab.state)}`;
    if (shown === drawn) return;
    drawn = shown;
    plot.redraw();
    const last = smooth(values).at(-1);
    const seen = lab.state.curves.samples.at(-1) ?? 0;
    const name = text()[style.name];
    const label = last === undefined ? text().nothing(name) : text().latest(name, style.format(last), count(seen));
    place.setAttribute('aria-label', label);
  };
  lab.show(redraw);
}

/** Images that the model will have seen when the run is through. @param {LabState} state */
function end({ run, curves }) {
  return Math.max(curves.samples.at(-1) ?? 0, run ? run.start.samples + run.total : DEFAULTS.images);
}

/**
 * @param {import('./plot.js').Look} look
 * @param {Style} style
 * @param {() => number} last  end of the axis of images
 * @returns {Pick<import('uplot').Options, 'scales' | 'axes' | 'series'>}
 */
function options({ ink, axis }, { colour, top, format }, last) {
  const line = ink(colour);
  return {
    scales: {
      x: { time: false, range: () => [0, last()] },
      y: { range: (_, _low, high) => [0, top(high ?? 0)] },
    },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map(images), size: 28 },
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
