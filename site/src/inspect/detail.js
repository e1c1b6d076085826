// One map, one pixel of it, and how that pixel was computed: window, kernel, products, sum.

import { Grid } from '../learn/grid.js';
import { byId, make } from '../views/dom.js';
import { largest, paintSigned } from '../views/pixels.js';
import { Choices } from './choices.js';
import { number, stageName, text } from './words.js';

/**
 * @typedef {import('./inspector.js').Inspector} Inspector
 * @typedef {import('./inspector.js').Inspection} Inspection
 * @typedef {import('../engine/answers.js').Picture} Picture
 * @typedef {import('../engine/answers.js').Detail} Detail
 * @typedef {import('../engine/answers.js').Stage} Stage
 */

const READABLE = 64; // numbers in a grid; larger ones are pictures

/** @param {Inspector} inspector @param {() => Picture | null} picture  that is inspected */
export function showDetail(inspector, picture) {
  const map = /** @type {HTMLCanvasElement} */ (byId('map'));
  const row = /** @type {HTMLInputElement} */ (byId('map-row'));
  const column = /** @type {HTMLInputElement} */ (byId('map-column'));
  const terms = {
    window: new Term(byId('term-window'), () => text().window),
    weights: new Term(byId('term-weights'), () => text().weights),
    before: new Term(byId('term-before'), () => text().weightsBefore),
    products: new Term(byId('term-products'), () => text().products),
  };
  /** The slice that was chosen; null for the one that counts most. @type {number | null} */
  let slice = null;
  const slices = new Choices(byId('slices'), (index) => {
    slice = index;
    draw();
  });

  map.addEventListener('pointerdown', (event) => {
    const { place } = inspector.state;
    if (!place) return;
    const box = map.getBoundingClientRect();
    const at = (/** @type {number} */ offset, /** @type {number} */ length, /** @type {number} */ n) =>
      Math.min(n - 1, Math.max(0, Math.floor((offset / length) * n)));
    inspector.choose({
      ...place,
      row: at(event.clientY - box.top, box.height, map.height),
      column: at(event.clientX - box.left, box.width, map.width),
    });
  });
  for (const field of [row, column]) {
    field.addEventListener('input', () => {
      const { place } = inspector.state;
      if (place && row.reportValidity() && column.reportValidity()) {
        inspector.choose({ ...place, row: row.valueAsNumber - 1, column: column.valueAsNumber - 1 });
      }
    });
  }

  /** @type {import('./inspector.js').Place | null} */
  let former = null;
  const draw = () => {
    const { report, place, detail } = inspector.state;
    byId('inspect-detail').hidden = !detail;
    if (!report || !place || !detail) return;
    if (place.stage !== former?.stage || place.channel !== former.channel) slice = null;
    former = place;
    const stage = report.stages[place.stage];
    drawMap(stage, place);
    const chosen = slice ?? strongest(detail.sums ?? []);
    drawSlices(slices, detail, chosen);
    drawSource(report.stages, place.stage, detail, chosen, picture());
    const kernels = [detail.weights, detail.before].map((values) => (values ? largest(slab(values, chosen).data) : 0));
    for (const name of /** @type {const} */ (['window', 'weights', 'before', 'products'])) {
      const values = detail[name];
      /** @type {HTMLElement} */ (byId(`term-${name}`).parentElement).hidden = !values;
      const kernel = name === 'weights' || name === 'before';
      // The kernel and what it was are on one scale of colours.
      if (values) terms[name].draw(slab(values, chosen), kernel ? Math.max(...kernels) : undefined, detail.taken);
    }
    byId('equation').textContent = equation(stage, detail);
  };
  inspector.show(draw);

  /** @param {Stage} stage @param {import('./inspector.js').Place} place */
  function drawMap(stage, place) {
    const { data, rows, columns } = slab(stage.maps, place.channel);
    const units = rows * columns === 1;
    byId('map-title').textContent = (units ? text().unitTitle : text().title)(stageName(stage), place.channel + 1);
    paintSigned(map, { data, width: columns, height: rows }, largest(stage.maps.data));
    outline(byId('map-window'), place.row, place.column, [1, 1], [rows, columns]);
    for (const [field, n, at] of /** @type {const} */ ([
      [row, rows, place.row],
      [column, columns, place.column],
    ])) {
      field.max = String(n);
      if (document.activeElement !== field) field.value = String(at + 1);
    }
    /** @type {HTMLElement} */ (row.closest('.pixel')).hidden = units;
  }
}

/** The slice of a kernel whose sum is largest in size. @param {number[]} sums */
const strongest = (sums) => sums.reduce((best, sum, i) => (Math.abs(sum) > Math.abs(sums[best]) ? i : best), 0);

/** One (height, width) of (n, height, width). @param {Picture} values @param {number} index */
function slab({ shape, data }, index) {
  const [, rows, columns] = shape;
  return { rows, columns, data: data.subarray(index * rows * columns, (index + 1) * rows * columns) };
}

/** @param {Choices} slices @param {Detail} detail @param {number} chosen */
function drawSlices(slices, { weights, sums = [] }, chosen) {
  byId('slices-block').hidden = !weights;
  if (!weights) return;
  byId('slices-title').textContent = text().slices(sums.length);
  const full = largest(weights.data);
  const choices = sums.map((sum, i) => {
    const { data, rows, columns } = slab(weights, i);
    return {
      label: text().slice(i + 1, number(sum)),
      paint: (/** @type {HTMLCanvasElement} */ canvas) =>
        paintSigned(canvas, { data, width: columns, height: rows }, full),
      caption: number(sum),
    };
  });
  slices.draw(choices, chosen, 1);
}

/**
 * The map of the input that the slice lies on, and where.
 *
 * @param {Stage[]} stages
 * @param {number} at  the stage whose input it is
 * @param {Detail} detail
 * @param {number} slice
 * @param {Picture | null} picture
 */
function drawSource(stages, at, { first, top, left, window, weights }, slice, picture) {
  const input = at ? stages[at - 1].maps : picture && { shape: [1, 28, 28], data: picture.data };
  const block = byId('source-block');
  block.hidden = top == null || left == null || !window || !input;
  if (top == null || left == null || !window || !input) return;
  const channel = (first ?? 0) + slice;
  const { data, rows, columns } = slab(input, channel);
  byId('source-title').textContent = at ? text().source(channel + 1) : text().sourcePicture;
  const canvas = /** @type {HTMLCanvasElement} */ (byId('source'));
  paintSigned(canvas, { data, width: columns, height: rows }, largest(input.data));
  const [, height, width] = (weights ?? window).shape;
  outline(byId('source-window'), top, left, [height, width], [rows, columns]);
}

/**
 * Lays a frame over a picture.
 *
 * @param {HTMLElement} frame
 * @param {number} top
 * @param {number} left
 * @param {number[]} size  rows and columns of the frame
 * @param {number[]} whole  rows and columns of the picture
 */
function outline(frame, top, left, [height, width], [rows, columns]) {
  const share = (/** @type {number} */ part, /** @type {number} */ all) => `${(100 * part) / all}%`;
  Object.assign(frame.style, {
    top: share(top, rows),
    left: share(left, columns),
    height: share(height, rows),
    width: share(width, columns),
  });
}

/** @param {Stage} stage @param {Detail} detail */
function equation({ kind }, { rule, value, values = [], sums = [], bias = 0 }) {
  const [given, result] = [values.map(number).join(', '), number(value)];
  if (rule === 'max') return text().max(result);
  if (rule === 'mean') return text().mean(result);
  if (rule === 'each') {
    if (kind === 'ReLU') return text().relu(given, result);
    return kind === 'Softmax' ? text().softmax(given, result) : text().each(kind, given, result);
  }
  const products = sums.reduce((all, sum) => all + sum, 0);
  const sum = number(products + bias);
  const said = text().sum(number(products), number(bias), sum);
  return kind === 'Conv2dReLU' ? said + text().rectified(sum, result) : said;
}

/** Numbers in a grid, or as a picture where they are too many to read. */
class Term {
  #grid;
  #numbers = make('div');
  #canvas = make('canvas');
  #label;

  /** @param {HTMLElement} place @param {() => string} label */
  constructor(place, label) {
    this.#label = label;
    this.#grid = new Grid(this.#numbers, { label });
    this.#canvas.setAttribute('role', 'img');
    place.append(this.#numbers, this.#canvas);
  }

  /**
   * @param {ReturnType<typeof slab>} values
   * @param {number} [full]  the size of a value that gets the whole colour; the largest if left out
   * @param {number} [taken]  an index to mark
   */
  draw({ rows, columns, data }, full = largest(data), taken = -1) {
    const readable = rows * columns <= READABLE;
    this.#numbers.hidden = !readable;
    this.#canvas.hidden = readable;
    if (readable) {
      const mark = (/** @type {number} */ row, /** @type {number} */ column) =>
        row * columns + column === taken ? 'target' : '';
      this.#grid.draw({ rows, columns, data, mark, scale: full });
      return;
    }
    this.#canvas.setAttribute('aria-label', this.#label());
    paintSigned(this.#canvas, { data, width: columns, height: rows }, full);
  }
}
