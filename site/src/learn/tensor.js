// An array of any number of axes as NumPy prints it: its last two axes are a grid, the others say which grid.

import { onLanguage } from '../language.js';
import { make } from '../views/dom.js';
import { Grid, magnitude } from './grid.js';

/**
 * @typedef {{shape: readonly number[], data: ArrayLike<number>}} Numbers  last axis fastest
 * @typedef {{shape: readonly number[], data: ArrayLike<number> | null}} Drawing  null while there are none
 *
 * @typedef {object} Options
 * @property {string} name  of the variable in Python
 * @property {() => string} title  what it holds, in the visitor's language
 * @property {(index: number, value: number) => void} [onChange]  lets the visitor change them; index counts all numbers
 * @property {(index: number) => void} [onPoint]  the number under the pointer or the keyboard
 * @property {boolean} [small]  for matrices with many rows
 * @property {readonly number[]} [first]  the shape of what will be computed at first: its place is kept
 * @property {boolean} [pixels]  a picture: colours without numbers, 0 and 1 where the visitor paints
 * @property {number} [width]  pixels of each grid, however many cells it has
 */

/** The number of elements. @param {readonly number[]} shape */
export const size = (shape) => shape.reduce((product, n) => product * n, 1);

/** The shape as Python writes it. @param {readonly number[]} shape */
export const shapeText = (shape) => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;

/** The index of each axis, for a number that counts through all elements. @param {number} index @param {readonly number[]} shape */
export function indices(index, shape) {
  return shape.map((n, axis) => Math.floor(index / size(shape.slice(axis + 1))) % n);
}

/** The other way: which element that is. @param {readonly number[]} place @param {readonly number[]} shape */
export const flat = (place, shape) => place.reduce((index, at, axis) => index * shape[axis] + at, 0);

/** Nested lists, as Python takes an array. @param {Numbers} numbers @returns {unknown} */
export function nested({ shape, data }) {
  const [n, ...inner] = shape;
  if (n === undefined) return data[0];
  const step = size(inner);
  return Array.from({ length: n }, (_, i) =>
    nested({ shape: inner, data: Array.from(data).slice(i * step, (i + 1) * step) }),
  );
}

const CELL = 34; // pixels of a cell
const SMALL = 30; // of a small tensor
const PIXEL = 14; // of a picture
const LEAST = 25; // below which the tensor scrolls

export class Tensor {
  #options;
  #caption = make('figcaption');
  #blocks = make('div', { className: 'blocks' });
  /** @type {{grid: Grid, place: HTMLElement}[]} */
  #grids = [];
  /** What was drawn last. @type {[Drawing, ((index: number) => string)?]} */
  #drawn;
  /** Of the grids. @type {readonly number[]} */
  #outer = [];
  /** Of each grid: rows and columns. @type {readonly number[]} */
  #inner = [];

  /**
   * @param {HTMLElement} stage  which it is appended to
   * @param {Options} options
   */
  constructor(stage, options) {
    this.#options = options;
    stage.append(make('figure', { className: 'tensor' }, this.#caption, this.#blocks));
    this.#drawn = [{ shape: options.first ?? [0, 0], data: null }];
    onLanguage(() => this.draw(...this.#drawn));
  }

  /** Shows these numbers. @param {Drawing} numbers @param {(index: number) => string} [mark]  classes of each, see Grid */
  draw(numbers, mark = () => '') {
    this.#drawn = [numbers, mark];
    const { shape, data } = numbers;
    const { name, title } = this.#options;
    const code = make('code', { textContent: `${name} ${shapeText(shape)}` });
    this.#caption.replaceChildren(title(), ' ', code);
    const outer = shape.slice(0, -2);
    if (!this.#grids.length || String(outer) !== String(this.#outer)) this.#layOut(outer);
    this.#inner = [1, 1, ...shape].slice(-2);
    const [rows, columns] = this.#inner;
    const scale = magnitude(data ?? []);
    this.#grids.forEach(({ grid, place }, block) => {
      const start = block * rows * columns;
      place.style.minInlineSize = `${columns * (this.#options.pixels ? 0 : LEAST)}px`;
      grid.draw({
        rows,
        columns,
        data: data && Array.from(data).slice(start, start + rows * columns),
        scale,
        ...framed(rows, columns, (index) => mark(start + index)),
      });
    });
  }

  /** Makes the grids. @param {readonly number[]} outer */
  #layOut(outer) {
    const { name, title, small, pixels, width, onChange, onPoint } = this.#options;
    this.#outer = outer;
    this.#blocks.replaceChildren();
    this.#blocks.style.setProperty('--columns', String(outer.at(-1) ?? 1));
    this.#blocks.classList.toggle('line', outer.length < 2);
    this.#grids = Array.from({ length: size(outer) }, (_, block) => {
      const label = outer.length ? `${name}[${indices(block, outer).join(', ')}]` : name;
      const place = make('div');
      const caption = make('p', { className: 'block', textContent: label });
      caption.setAttribute('aria-hidden', 'true'); // the grid says it
      this.#blocks.append(make('div', {}, ...(size(outer) > 1 ? [caption] : []), place));
      const index = (/** @type {number} */ row, /** @type {number} */ column) =>
        (block * this.#inner[0] + row) * this.#inner[1] + column;
      const grid = new Grid(place, {
        label: () => `${title()}: ${label}`,
        onChange: onChange && ((row, column, value) => onChange(index(row, column), value)),
        onPoint: onPoint && ((cell) => cell && onPoint(index(cell.row, cell.column))),
        size: pixels ? PIXEL : small ? SMALL : CELL,
        width,
        paints: pixels,
      });
      return { grid, place };
    });
  }
}

/**
 * Marks of a grid; cells marked as a window that fill a rectangle have one frame around all.
 *
 * @param {number} rows
 * @param {number} columns
 * @param {(index: number) => string} mark
 */
function framed(rows, columns, mark) {
  const marks = Array.from({ length: rows * columns }, (_, index) => mark(index));
  const inside = marks.flatMap((classes, index) => (classes.includes('window') ? [index] : []));
  const [top, bottom] = [inside[0], inside.at(-1) ?? 0].map((index) => Math.floor(index / columns));
  const across = inside.map((index) => index % columns);
  const [left, right] = [Math.min(...across), Math.max(...across)];
  const frame = { row: top, column: left, rows: bottom - top + 1, columns: right - left + 1 };
  const fills = inside.length > 0 && frame.rows * frame.columns === inside.length;
  return {
    mark: (/** @type {number} */ row, /** @type {number} */ column) => {
      const classes = marks[row * columns + column];
      return fills ? classes.replace('window', 'framed') : classes;
    },
    frame: fills ? frame : null,
  };
}
