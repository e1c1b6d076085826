// A matrix as squares with numbers in them: to look at, to point at, or to change by dragging and typing.

import { texts } from '../language.js';
import { make } from '../views/dom.js';
import { svg } from '../views/svg.js';

/**
 * @typedef {object} Options
 * @property {() => string} label  what the numbers are, for screen readers
 * @property {(row: number, column: number, value: number) => void} [onChange]  lets the visitor change them
 * @property {(cell: {row: number, column: number} | null) => void} [onPoint]  the cell under the pointer or the keyboard
 * @property {number} [size]  pixels of a cell, where there is room
 * @property {number} [width]  pixels of all columns, in place of a cell's
 * @property {boolean} [paints]  a picture of 0 and 1: colours without numbers, to be painted on
 *
 * @typedef {{row: number, column: number, rows: number, columns: number}} Area  of cells
 *
 * @typedef {object} Drawing
 * @property {number} rows
 * @property {number} columns
 * @property {ArrayLike<number> | null} data  row after row; null while there are none: the cells stay empty
 * @property {(row: number, column: number) => string} [mark]  classes of a cell: window, target, faint, used; pad, which nobody changes
 * @property {Area | null} [frame]  cells with a frame around them, which glides from one place to the next
 * @property {number} [scale]  the magnitude with the fullest colour; that of the data if left out
 */

const CELL = 40; // units of the drawing
const DRAG = 14; // pixels for one step
const STEP = 1;

const FULL = 0.75; // opacity of the fullest colour

const text = texts(
  {
    cell: (/** @type {number} */ row, /** @type {number} */ column, /** @type {string} */ value) =>
      `row ${row}, column ${column}: ${value}`,
  },
  { cell: (row, column, value) => `${row} 行 ${column} 列: ${value}` },
);

/** A number in as few characters as show it. @param {number} value */
export const short = (value) =>
  Number.isInteger(value) ? String(value) : String(Number(value.toFixed(Math.abs(value) < 10 ? 2 : 1)));

/** The largest magnitude, for one scale of colours over several grids. @param {ArrayLike<number>} data */
export function magnitude(data) {
  let largest = 0;
  for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(data[i]));
  return largest;
}

export class Grid {
  #options;
  #place;
  #svg = /** @type {SVGSVGElement} */ (svg('svg', { class: 'grid', role: 'grid' }));
  #frame = /** @type {SVGElement} */ (svg('rect', { class: 'frame' }));
  #field = make('input', { type: 'text', inputMode: 'decimal', className: 'grid-field', hidden: true });
  /** @type {SVGElement[]} */
  #cells = [];
  /** @type {Drawing} */
  #drawing = { rows: 0, columns: 0, data: null };
  #current = 0; // the cell that the keyboard reaches
  /** @type {{index: number, x: number, value: number, moved: boolean} | null} */
  #drag = null;

  /**
   * @param {HTMLElement} place  an empty element
   * @param {Options} options
   */
  constructor(place, options) {
    this.#options = options;
    this.#place = place;
    place.classList.add('grid-place');
    place.append(this.#svg, this.#field);
    if (options.paints) this.#svg.classList.add('paints');
    if (!options.onChange) this.#svg.setAttribute('aria-readonly', 'true');
    else this.#svg.classList.add('changes');
    this.#listen();
  }

  /** Shows these numbers. @param {Drawing} drawing */
  draw(drawing) {
    const { rows, columns, data } = drawing;
    if (rows !== this.#drawing.rows || columns !== this.#drawing.columns) this.#layOut(rows, columns);
    this.#drawing = drawing;
    this.#svg.setAttribute('aria-label', this.#options.label());
    const scale = drawing.scale ?? magnitude(data ?? []);
    this.#cells.forEach((cell, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      const value = data ? data[i] : 0;
      const shown = data ? short(value) : '';
      cell.setAttribute('class', `cell ${value < 0 ? 'minus' : 'plus'} ${drawing.mark?.(row, column) ?? ''}`);
      cell.setAttribute('aria-label', text().cell(row + 1, column + 1, shown));
      const [fill, number] = /** @type {any} */ (cell.children);
      fill.style.fillOpacity = String(scale ? FULL * Math.min(1, Math.abs(value) / scale) : 0);
      if (this.#options.paints) return;
      number.textContent = shown;
      number.setAttribute('class', shown.length > 4 ? 'long' : '');
    });
    this.#drawFrame();
  }

  #drawFrame() {
    const { frame } = this.#drawing;
    this.#frame.style.display = frame ? '' : 'none';
    if (!frame) return;
    this.#frame.style.transform = `translate(${frame.column * CELL}px, ${frame.row * CELL}px)`;
    this.#frame.setAttribute('width', String(frame.columns * CELL));
    this.#frame.setAttribute('height', String(frame.rows * CELL));
  }

  /** @param {number} rows @param {number} columns */
  #layOut(rows, columns) {
    this.#current = 0;
    this.#cells = [];
    this.#svg.replaceChildren();
    this.#svg.setAttribute('viewBox', `-1 -1 ${columns * CELL + 2} ${rows * CELL + 2}`);
    const { size = CELL, width = columns * size } = this.#options;
    this.#svg.style.inlineSize = `${width + 2}px`;
    for (let row = 0; row < rows; row++) {
      const line = svg('g', { role: 'row' });
      for (let column = 0; column < columns; column++) {
        const cell = svg('g', {
          role: 'gridcell',
          tabindex: this.#cells.length === 0 ? 0 : -1,
          transform: `translate(${column * CELL} ${row * CELL})`,
        });
        cell.append(
          svg('rect', { class: 'fill', width: CELL, height: CELL }),
          svg('text', { x: CELL / 2, y: CELL / 2 }),
        );
        this.#cells.push(/** @type {SVGElement} */ (cell));
        line.append(cell);
      }
      this.#svg.append(line);
    }
    this.#svg.append(this.#frame);
  }

  #listen() {
    this.#svg.addEventListener('pointerover', (event) => this.#point(this.#at(event.target)));
    this.#svg.addEventListener('pointerleave', () => this.#point(-1));
    // Not on the SVG itself, which Chromium makes a stop of the Tab key as soon as it listens for the focus.
    this.#place.addEventListener('focusin', (event) => this.#focused(this.#at(event.target)));
    this.#place.addEventListener('focusout', () => this.#point(-1));
    this.#svg.addEventListener('keydown', (event) => this.#key(event));
    if (!this.#options.onChange) return;
    this.#svg.addEventListener('pointerdown', (event) => this.#press(event));
    this.#svg.addEventListener('pointermove', (event) => this.#move(event));
    this.#svg.addEventListener('pointerup', () => {
      const drag = this.#drag;
      this.#drag = null;
      if (drag && !drag.moved && !this.#options.paints) this.#edit(drag.index, short(drag.value));
    });
    this.#svg.addEventListener('pointercancel', () => (this.#drag = null));
    this.#field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#field.value = '';
      if (event.key === 'Enter' || event.key === 'Escape') this.#cells[this.#current].focus();
    });
    this.#field.addEventListener('blur', () => {
      const value = Number(this.#field.value.trim() || 'none');
      this.#field.hidden = true;
      if (Number.isFinite(value)) this.#change(this.#current, value);
    });
  }

  /** The cell that an element belongs to, -1 for none. @param {EventTarget | null} element */
  #at(element) {
    const cell = element instanceof Element ? element.closest('.cell') : null;
    return cell ? this.#cells.indexOf(/** @type {SVGElement} */ (cell)) : -1;
  }

  /** @param {number} index */
  #value(index) {
    return this.#drawing.data?.[index] ?? 0;
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const index = this.#at(event.target);
    if (!this.#changes(index)) return;
    this.#svg.setPointerCapture(event.pointerId);
    this.#drag = { index, x: event.clientX, value: this.#value(index), moved: false };
    if (!this.#options.paints) return;
    this.#drag.value = this.#value(index) ? 0 : 1; // of the whole stroke
    this.#change(index, this.#drag.value);
  }

  /** @param {PointerEvent} event */
  #move({ clientX, clientY }) {
    if (!this.#drag) return;
    if (this.#options.paints) {
      this.#change(this.#at(document.elementFromPoint(clientX, clientY)), this.#drag.value);
      return;
    }
    const steps = Math.trunc((clientX - this.#drag.x) / DRAG);
    if (steps) this.#drag.moved = true;
    if (this.#drag.moved) this.#change(this.#drag.index, this.#drag.value + steps * STEP);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { columns } = this.#drawing;
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const column = this.#current % columns;
    const value = this.#value(this.#current);
    const { key } = event;
    if (key in moves) {
      const next = this.#current + moves[/** @type {keyof typeof moves} */ (key)];
      const wraps = (key === 'ArrowLeft' && column === 0) || (key === 'ArrowRight' && column === columns - 1);
      if (!wraps) this.#cells[next]?.focus();
    } else if (!this.#changes(this.#current) || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (this.#options.paints && (key === ' ' || key === 'Enter')) this.#change(this.#current, value ? 0 : 1);
    else if (this.#options.paints) return;
    else if (key === '+' || key === 'PageUp') this.#change(this.#current, value + STEP);
    else if (key === 'PageDown') this.#change(this.#current, value - STEP);
    else if (key === 'Enter') this.#edit(this.#current, short(value));
    else if (/^[-.\d]$/.test(key)) this.#edit(this.#current, key);
    else return;
    event.preventDefault();
  }

  /** @param {number} index */
  #focused(index) {
    if (index < 0) return;
    this.#cells[this.#current].setAttribute('tabindex', '-1');
    this.#cells[index].setAttribute('tabindex', '0');
    this.#current = index;
    this.#point(index);
  }

  /** @param {number} index  -1 for none */
  #point(index) {
    const { columns } = this.#drawing;
    const cell = index < 0 ? null : { row: Math.floor(index / columns), column: index % columns };
    this.#options.onPoint?.(cell);
  }

  /** Whether the visitor may change a cell. @param {number} index */
  #changes(index) {
    return this.#options.onChange && index >= 0 && !this.#cells[index].classList.contains('pad');
  }

  /** @param {number} index @param {number} value */
  #change(index, value) {
    if (!this.#changes(index) || value === this.#value(index)) return;
    const { columns } = this.#drawing;
    this.#options.onChange?.(Math.floor(index / columns), index % columns, value);
  }

  /** Opens a field over a cell. @param {number} index @param {string} start  what stands in it */
  #edit(index, start) {
    this.#focused(index);
    const place = this.#place.getBoundingClientRect();
    const box = this.#cells[index].getBoundingClientRect();
    Object.assign(this.#field.style, {
      left: `${box.left - place.left}px`,
      top: `${box.top - place.top}px`,
      width: `${box.width}px`,
      height: `${box.height}px`,
    });
    this.#field.setAttribute('aria-label', this.#cells[index].getAttribute('aria-label') ?? '');
    this.#field.value = start;
    this.#field.hidden = false;
    this.#field.focus();
    if (start.length > 1 || /\d/.test(start)) this.#field.setSelectionRange(start.length, start.length);
  }
}
