// The figures of the benchmark, each where it belongs.

import { onLanguage, texts } from '../language.js';
import { byId, count, make, percent } from './dom.js';

/**
 * @typedef {object} Measure  one call of a function of bench.py
 * @property {string} name
 * @property {(string | number)[]} args
 * @property {() => string} label  of its row
 *
 * @typedef {object} Group  rows under a title
 * @property {() => string} [title]
 * @property {Measure[]} measures
 *
 * @typedef {object} Beside  the same on both; null where the SIMD kernels do not serve
 * @property {number | null} simd
 * @property {number} numpy
 * @property {number | null} [ceiling]  as it was at that time
 *
 * @typedef {object} Split  milliseconds of a training step
 * @property {number} whole
 * @property {Record<string, number>} kernels
 * @property {number} functions
 */

const text = texts(
  {
    kernels: 'kernels',
    numpy: 'NumPy around them',
    rest: 'Python',
    step: (/** @type {string} */ ms) => `A step takes ${ms} ms.`,
  },
  {
    kernels: 'カーネル',
    numpy: 'その前後の NumPy',
    rest: 'Python',
    step: (ms) => `1 ステップに ${ms} ms かかります。`,
  },
);

const NONE = '–';
const MOST_KERNELS = 6; // of a training step

/** The cells of each measure's row. @type {Map<Measure, Record<string, HTMLElement>>} */
const rows = new Map();

/** The highest that was seen: other programs take some of a core now and then. */
let ceiling = 0;

/** GFLOP/s of the SIMD kernels, by the cell of their share of the ceiling. @type {Map<HTMLElement, number>} */
const speeds = new Map();

/** Takes all figures away. */
export function clearFigures() {
  for (const cells of rows.values()) for (const cell of Object.values(cells)) cell.textContent = NONE;
  byId('ceiling').textContent = NONE;
  ceiling = 0;
  speeds.clear();
  split = null;
  byId('split').hidden = true;
  byId('split-text').textContent = NONE;
  byId('split-kernels').replaceChildren();
}

/**
 * Gives a table its rows, without figures yet.
 *
 * @param {string} id
 * @param {string[]} columns  of simd, share, numpy, ratio
 * @param {Group[]} groups
 */
export function layOut(id, columns, groups) {
  for (const { title, measures } of groups) {
    const body = make('tbody');
    if (title) body.append(make('tr', {}, said(make('th', { scope: 'rowgroup', colSpan: 1 + columns.length }), title)));
    for (const measure of measures) {
      const cells = Object.fromEntries(
        columns.map((name) => [name, make('td', { className: name, textContent: NONE })]),
      );
      rows.set(measure, cells);
      body.append(make('tr', {}, said(make('th', { scope: 'row' }), measure.label), ...Object.values(cells)));
    }
    byId(id).append(body);
  }
}

/** @param {HTMLElement} element @param {() => string} say  in the visitor's language */
function said(element, say) {
  onLanguage(() => (element.textContent = say()));
  return element;
}

/** @param {Measure} measure @param {any} result  of bench.py */
export function drawFigure(measure, result) {
  const cells = rows.get(measure);
  if (cells) drawBeside(cells, result);
  else if (measure.name === 'split') {
    split = result;
    drawSplit(result);
  } else drawCeiling(result);
}

/** Draws it and the shares of it. @param {number | null} measured */
function drawCeiling(measured) {
  if (measured === null) return;
  ceiling = Math.max(ceiling, measured);
  byId('ceiling').textContent = figure(ceiling);
  for (const [cell, speed] of speeds) cell.textContent = percent(speed / ceiling, 0);
}

/** @param {Record<string, HTMLElement>} cells @param {Beside} figures */
function drawBeside(cells, { simd, ceiling, numpy }) {
  cells.numpy.textContent = figure(numpy);
  if (simd === null) return;
  cells.simd.textContent = figure(simd);
  cells.ratio.textContent = `${figure(simd / numpy)} ×`;
  if (!ceiling) return;
  speeds.set(cells.share, simd);
  drawCeiling(ceiling);
}

/** The one that is shown. @type {Split | null} */
let split = null;

onLanguage(() => split && drawSplit(split));

/** @param {Split} split */
function drawSplit({ whole, kernels, functions }) {
  const inKernels = Object.values(kernels).reduce((sum, ms) => sum + ms, 0);
  const parts = /** @type {const} */ ([
    ['kernels', inKernels],
    ['numpy', functions],
    ['rest', whole - inKernels - functions],
  ]);
  byId('split-text').replaceChildren(text().step(figure(whole)));
  byId('split').replaceChildren();
  for (const [name, ms] of parts) {
    const bar = make('span', { className: `part-${name}` });
    bar.style.flexGrow = String(ms / whole);
    byId('split').append(bar);
    const key = make('span', { className: `key part-${name}` });
    byId('split-text').append(make('span', { className: 'part' }, key, ` ${text()[name]} ${percent(ms / whole, 0)}`));
  }
  byId('split').hidden = false;
  const longest = Object.entries(kernels).sort(([, a], [, b]) => b - a);
  byId('split-kernels').replaceChildren(
    ...longest.slice(0, MOST_KERNELS).map(([name, ms]) => {
      return make('div', {}, make('dt', {}, make('code', {}, name)), make('dd', {}, `${figure(ms)} ms`));
    }),
  );
}

/** Three digits, as far as a measure is good for. @param {number} value */
const figure = (value) => (value >= 100 ? count(Math.round(value)) : value.toPrecision(3));
