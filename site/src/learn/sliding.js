// A kernel that slides over an input along every axis: where it lies, and what comes out.

import { texts } from '../language.js';
import { short } from './grid.js';
import { Lesson, signed } from './lesson.js';
import { flat, indices, nested, shapeText, size, Tensor } from './tensor.js';

/**
 * @typedef {import('./tensor.js').Numbers} Numbers
 *
 * @typedef {object} Plan
 * @property {Numbers} x
 * @property {Numbers} W  with as many axes
 * @property {string} code  sets y; it finds x, W, the output that is pointed at (d, i, j), and what the knobs say, of
 *   which PH, PW, SH and SW are drawn
 * @property {Record<string, number | 'text'>} [outputs]  beside y
 * @property {{name: string, title: () => string, sign: string}} [between]  one of the outputs, as large as y, on the way
 *   to it, and the sign that comes after
 * @property {(values: Record<string, any>, pixel: string) => string} [tell]  the sentence about the output that is
 *   pointed at, `y[0, 1]` for instance; it has its number and the shape of y if left out
 */

const AXES = ['d', 'i', 'j']; // of an output, in Python

const text = texts(
  {
    x: 'Input',
    W: 'Kernel',
    y: 'Output',
    pixel: (/** @type {string} */ pixel, /** @type {string} */ value, /** @type {string} */ shape) =>
      `${pixel} = ${value}; y has the shape ${shape}.`,
  },
  {
    x: '入力',
    W: 'カーネル',
    y: '出力',
    pixel: (pixel, value, shape) => `${pixel} = ${value} です。y の形状は ${shape} です。`,
  },
);

/** Numbers of two axes. @param {number[][]} rows @returns {Numbers} */
export const matrix = (rows) => ({ shape: [rows.length, rows[0].length], data: rows.flat() });

export class Sliding {
  lesson;
  /** The output that the kernel computes. @type {number[]} */
  at;
  #plan;
  /** Without its padding. @type {number[]} */
  #x;
  #input;
  #W;
  #between;
  #output;

  /** @param {string} id  of the lesson @param {Plan} plan */
  constructor(id, plan) {
    this.#plan = plan;
    this.lesson = new Lesson(id);
    this.at = plan.x.shape.map(() => 0);
    this.#x = Array.from(plan.x.data);
    const row = this.lesson.row();
    this.#input = new Tensor(row, {
      name: 'x',
      title: () => text().x,
      onChange: (index, value) => this.#change(index, value),
    });
    const { shape, data } = plan.W;
    this.#W = this.lesson.give(signed(row, '∗'), { name: 'W', title: () => text().W, shape, values: Array.from(data) });
    const { between } = plan;
    const onPoint = (/** @type {number} */ index) => this.moveTo(indices(index, this.shape));
    this.#between = between && new Tensor(signed(row, '='), { ...between, onPoint });
    this.#output = new Tensor(signed(row, between ? between.sign : '='), { name: 'y', title: () => text().y, onPoint });
  }

  /** Lets it run. @param {(values: Record<string, any> | null) => void} [more]  draws what else is on the stage */
  start(more = () => {}) {
    const { x, code, outputs } = this.#plan;
    const names = AXES.slice(-x.shape.length);
    this.lesson.start({
      code,
      outputs: { y: x.shape.length, ...outputs },
      show: (values) => {
        this.#draw(values);
        more(values);
      },
      inputs: () => ({
        x: nested({ shape: x.shape, data: this.#x }),
        ...Object.fromEntries(this.at.map((index, axis) => [names[axis], index])),
      }),
      reset: () => {
        this.#x = Array.from(x.data);
        this.at.fill(0);
      },
    });
  }

  /** The numbers of the input. @returns {readonly number[]} */
  get x() {
    return this.#x;
  }

  /** Of the output. */
  get shape() {
    const { stride, pad } = this;
    const { x, W } = this.#plan;
    return x.shape.map((n, axis) => Math.floor((n + 2 * pad[axis] - W.shape[axis]) / stride[axis]) + 1);
  }

  get stride() {
    const { SH = 1, SW = 1 } = this.lesson.knobs();
    return [1, SH, SW].slice(-this.at.length);
  }

  get pad() {
    const { PH = 0, PW = 0 } = this.lesson.knobs();
    return [0, PH, PW].slice(-this.at.length);
  }

  /** Lets the kernel compute another output. @param {number[]} at */
  moveTo(at) {
    this.at = at;
    this.lesson.show();
    this.lesson.update();
  }

  /** Moves the kernel on; false from the last output to the first. */
  step() {
    const next = (flat(this.at, this.shape) + 1) % size(this.shape);
    this.moveTo(indices(next, this.shape));
    return next !== 0;
  }

  /** @param {Record<string, any> | null} values */
  #draw(values) {
    const { shape, stride } = this;
    this.at = this.at.map((index, axis) => Math.min(index, shape[axis] - 1));
    const kernel = this.#plan.W.shape;
    const padded = this.#padded;
    this.#input.draw(padded, (index) => {
      const place = indices(index, padded.shape);
      const offset = place.map((i, axis) => i - this.at[axis] * stride[axis]);
      const marks = [
        this.#source(place) < 0 && 'pad',
        offset.every((i, axis) => i >= 0 && i < kernel[axis]) && 'window',
        place.some((i, axis) => i >= (shape[axis] - 1) * stride[axis] + kernel[axis]) && 'faint', // never covered
      ];
      return marks.filter(Boolean).join(' ');
    });
    this.#W.draw();
    const empty = { shape, data: null };
    const { between, tell } = this.#plan;
    const y = values?.y ?? empty;
    const target = flat(this.at, y.shape);
    const mark = (/** @type {number} */ index) => (index === target ? 'window' : '');
    if (between) this.#between?.draw(values?.[between.name] ?? empty, mark);
    this.#output.draw(y, mark);
    if (!values || y.data?.[target] === undefined) return;
    const pixel = `y[${this.at.join(', ')}]`;
    this.lesson.say(tell?.(values, pixel) ?? text().pixel(pixel, short(y.data[target]), shapeText(y.shape)));
  }

  /** The input with zeros around it. @returns {Numbers} */
  get #padded() {
    const { pad } = this;
    const shape = this.#plan.x.shape.map((n, axis) => n + 2 * pad[axis]);
    const data = Array.from({ length: size(shape) }, (_, index) => this.#x[this.#source(indices(index, shape))] ?? 0);
    return { shape, data };
  }

  /** The input's number at a place of the padded input; -1 in the padding. @param {number[]} place */
  #source(place) {
    const { pad } = this;
    const { shape } = this.#plan.x;
    const inner = place.map((i, axis) => i - pad[axis]);
    return inner.every((i, axis) => i >= 0 && i < shape[axis]) ? flat(inner, shape) : -1;
  }

  /** @param {number} index  into the padded input @param {number} value */
  #change(index, value) {
    this.#x[this.#source(indices(index, this.#padded.shape))] = value;
    this.lesson.update();
  }
}
