// A convolution layer whole: a batch of images, kernels that are blocks, a bias for each, and a channel from each.

import { texts } from '../language.js';
import { element, sumOfProducts } from './formulas.js';
import { short } from './grid.js';
import { Lesson, signed } from './lesson.js';
import { flat, indices, shapeText, Tensor } from './tensor.js';
import { Volumes } from './volumes.js';

/**
 * @typedef {import('../engine/runner.worker.js').Values} Values
 * @typedef {import('./solid.js').Triple} Triple
 *
 * @typedef {{n: number, oc: number, i: number, j: number}} Place  of an output: image, channel, row, column
 *
 * @typedef {object} Plan
 * @property {string} code  sets y; it finds x, W, where there are biases b, and n, the image that is pointed at
 * @property {boolean} [isBatch]  whether x and y have an axis for the images
 * @property {boolean} [hasBiases]
 * @property {Record<string, number>} [outputs]  beside y, each with its number of axes; one named sums is drawn
 * @property {(values: Record<string, Values>, place: Place, pixel: string, value: string) => string} tell  the sentence about
 *   the output that is pointed at, `y[0, 1, 2]` for instance
 */

const KERNELS = `import pyconvlite.functions as F

# x (C, H, W), W (OC, C, KH, KW)
y = F.conv2d(x[None], W)[0]
`;

const BIASES = `import pyconvlite.functions as F

sums = F.conv2d(x[None], W)[0]
y = F.conv2d(x[None], W, b)[0]  # b (OC,)

# The same by hand:
same = sums + b.reshape(-1, 1, 1)
`;

const BATCH = `import numpy as np
import pyconvlite.functions as F

y = F.conv2d(x, W, b)

# Image n computed by itself:
alone = F.conv2d(x[n:n + 1], W, b)
difference = y.data[n] - alone.data[0]
difference = np.abs(difference).max()
`;

const SIZE = 3; // of the images, both ways
const KERNEL = 2;
const CHANNELS = 3;
const IMAGE = [CHANNELS, SIZE, SIZE];
const PRODUCTS = CHANNELS * KERNEL ** 2; // of a sum
const OFFSETS = [5, -3, 0, 10]; // the biases
const PIXELS = [
  ...[1, 0, 2, 3, 1, 0, 0, 2, 1, 0, 1, 1, 2, 0, 3, 1, 1, 0, 2, 1, 0, 0, 3, 1, 1, 0, 2],
  ...[0, 3, 1, 1, 2, 2, 3, 0, 1, 2, 0, 1, 1, 1, 0, 0, 2, 3, 1, 2, 2, 0, 1, 3, 0, 1, 1],
];
const WEIGHTS = [
  ...[1, 0, 0, -1, 0, 1, 1, 0, 2, 0, -1, 1],
  ...[-1, 1, -1, 1, 1, 0, 0, 2, 0, 0, 1, -1],
  ...[0, 1, 2, 0, -1, 0, 0, 1, 1, 1, 0, 0],
  ...[2, -1, 0, 0, 0, 1, 0, -1, 0, 1, 1, 0],
];

const text = texts(
  {
    image: 'Image',
    images: 'Images',
    W: 'Kernels',
    b: 'Biases',
    sums: 'Sums, without biases',
    y: 'Output',
    kernel: (
      /** @type {string} */ pixel,
      /** @type {string} */ value,
      /** @type {number} */ oc,
      /** @type {number} */ products,
      /** @type {number} */ channels,
    ) =>
      `${pixel} = ${value}: kernel W[${oc}] makes channel ${oc}; here one sum of ${products} products over ${channels} channels.`,
    bias: (
      /** @type {string} */ pixel,
      /** @type {string} */ sum,
      /** @type {number} */ oc,
      /** @type {number} */ count,
    ) => `${pixel} = ${sum}: b[${oc}] is added to all ${count} sums of channel ${oc}.`,
    alone: (
      /** @type {string} */ pixel,
      /** @type {string} */ value,
      /** @type {number} */ n,
      /** @type {string} */ difference,
    ) =>
      `${pixel} = ${value} comes from image x[${n}] alone. Computed by itself, that image gives the same: they differ by ${difference}.`,
    drawing: (/** @type {string} */ x, /** @type {string} */ W, /** @type {string} */ y) =>
      `Blocks: the input ${x} with the kernel at one place, the kernels ${W}, and the output ${y}.`,
  },
  {
    image: '画像',
    images: '画像',
    W: 'カーネル',
    b: 'バイアス',
    sums: 'バイアスを足す前の和',
    y: '出力',
    kernel: (pixel, value, oc, products, channels) =>
      `${pixel} = ${value}: カーネル W[${oc}] がチャンネル ${oc} を作ります。ここでは ${channels} チャンネルにわたる ${products} 個の積の和です。`,
    bias: (pixel, sum, oc, count) =>
      `${pixel} = ${sum}: b[${oc}] はチャンネル ${oc} の ${count} 個の和すべてに足されます。`,
    alone: (pixel, value, n, difference) =>
      `${pixel} = ${value} は画像 x[${n}] だけから決まります。この画像だけで計算しても結果は同じで、差は ${difference} です。`,
    drawing: (x, W, y) => `ブロックの図。入力 ${x} とその上に置かれたカーネル、カーネル ${W}、出力 ${y}。`,
  },
);

export function startKernels() {
  new Convolution('kernels', {
    code: KERNELS,
    tell: (_, { oc }, pixel, value) => text().kernel(pixel, value, oc, PRODUCTS, CHANNELS),
  });
}

export function startBiases() {
  new Convolution('biases', {
    code: BIASES,
    hasBiases: true,
    outputs: { sums: 3, b: 1 },
    tell({ sums, b, y }, { oc, i, j }, pixel) {
      const [, OH, OW] = y.shape;
      const index = (oc * OH + i) * OW + j;
      const sum = sumOfProducts([[sums.data[index]], [b.data[oc]]], y.data[index]);
      return text().bias(pixel, sum, oc, OH * OW);
    },
  });
}

export function startBatch() {
  new Convolution('batch', {
    code: BATCH,
    isBatch: true,
    hasBiases: true,
    outputs: { difference: 0 },
    tell: ({ difference }, { n }, pixel, value) => text().alone(pixel, value, n, short(difference.data[0])),
  });
}

class Convolution {
  #plan;
  #lesson;
  #volumes = new Volumes();
  #x;
  #W;
  #sums;
  #b;
  #y;
  /** The output that is pointed at. @type {Place} */
  #at = { n: 0, oc: 0, i: 0, j: 0 };
  /** Of the output, with an axis for the images. */
  #shape = [1, 1, 1, 1];

  /** @param {string} id  of the lesson @param {Plan} plan */
  constructor(id, plan) {
    this.#plan = plan;
    const lesson = new Lesson(id);
    this.#lesson = lesson;
    const kernels = () => lesson.knobs().OC ?? 2;
    const onPoint = (/** @type {number} */ index) => this.#moveTo(index);
    lesson.stage.append(this.#volumes.element);
    const given = lesson.row();
    this.#x = lesson.give(given, {
      name: 'x',
      title: () => (plan.isBatch ? text().images : text().image),
      shape: () => (plan.isBatch ? [lesson.knobs().N, ...IMAGE] : IMAGE),
      values: PIXELS,
    });
    this.#W = lesson.give(signed(given, '∗'), {
      name: 'W',
      title: () => text().W,
      shape: () => [kernels(), CHANNELS, KERNEL, KERNEL],
      values: WEIGHTS,
      onPoint: (index) => this.#choose(Math.floor(index / PRODUCTS)),
    });
    const row = lesson.row();
    const sums = { name: 'sums', title: () => text().sums, onPoint };
    const b = { name: 'b', title: () => text().b, shape: () => [kernels()], values: OFFSETS };
    this.#sums = plan.outputs?.sums && new Tensor(signed(row, '='), sums);
    if (plan.hasBiases) this.#b = lesson.give(signed(row, '+'), { ...b, onPoint: (oc) => this.#choose(oc) });
    this.#y = new Tensor(signed(row, '='), { name: 'y', title: () => text().y, onPoint });
    lesson.start({
      code: plan.code,
      inputs: () => ({ n: Math.min(this.#at.n, this.#x.numbers.shape[0] - 1) }), // there may be fewer images now
      outputs: { y: plan.isBatch ? 4 : 3, ...plan.outputs },
      show: (values) => this.#draw(values),
      reset: () => (this.#at = { n: 0, oc: 0, i: 0, j: 0 }),
    });
  }

  /** Lets another kernel compute. @param {number} oc */
  #choose(oc) {
    this.#at.oc = oc;
    this.#lesson.show();
  }

  /** Points at another output. @param {number} index */
  #moveTo(index) {
    const [n, oc, i, j] = indices(index, this.#shape);
    const isOther = n !== this.#at.n;
    this.#at = { n, oc, i, j };
    this.#lesson.show();
    if (isOther) this.#lesson.update(); // the code finds n
  }

  /** @param {Record<string, Values> | null} values */
  #draw(values) {
    const [images, kernels] = [this.#plan.isBatch ? this.#x.numbers.shape[0] : 1, this.#W.numbers.shape[0]];
    const expected = [images, kernels, SIZE - KERNEL + 1, SIZE - KERNEL + 1];
    const y = values?.y ?? { shape: this.#plan.isBatch ? expected : expected.slice(1), data: null };
    this.#shape = [1, ...y.shape].slice(-4);
    const [n, oc, i, j] = Object.values(this.#at).map((at, axis) => Math.max(0, Math.min(at, this.#shape[axis] - 1)));
    this.#at = { n, oc, i, j };
    // An output of another size comes from code that the visitor wrote: what it is made of is not known.
    const isKnown = String(this.#shape) === String(expected);
    this.#x.draw((index) => {
      const [image, , row, column] = indices(index, [images, ...IMAGE]);
      return isKnown && image === n && covers(row - i) && covers(column - j) ? 'window' : '';
    });
    this.#W.draw((index) => (isKnown && Math.floor(index / PRODUCTS) === oc ? 'window' : ''));
    this.#b?.draw((kernel) => (isKnown && kernel === oc ? 'target' : ''));
    const target = flat([n, oc, i, j], this.#shape);
    const mark = (/** @type {number} */ index) => (index === target ? 'target' : '');
    if (this.#sums) this.#sums.draw(values?.sums ?? y, mark);
    this.#y.draw(y, mark);
    this.#drawVolumes(y.shape, isKnown);
    if (!values || !isKnown) return this.#lesson.say('');
    const pixel = element('y', target, y.shape);
    this.#lesson.say(this.#plan.tell(values, this.#at, pixel, short(values.y.data[target])));
  }

  /** @param {readonly number[]} shape  of the output @param {boolean} isKnown */
  #drawVolumes(shape, isKnown) {
    const { n, oc, i, j } = this.#at;
    /** @type {(block: number, first?: Triple, extent?: Triple) => import('./volumes.js').Part | undefined} */
    const part = (block, first, extent) => (isKnown ? { block, first, extent } : undefined);
    const x = { name: 'x', shape: this.#x.numbers.shape, part: part(n, [0, i, j], [CHANNELS, KERNEL, KERNEL]) };
    const W = { name: 'W', shape: this.#W.numbers.shape, part: part(oc) };
    const y = { name: 'y', shape, part: part(n, [oc, i, j], [1, 1, 1]) };
    const b = this.#b && { name: 'b', shape: this.#b.numbers.shape, axes: 0, part: part(oc) };
    this.#volumes.draw(
      [x, { sign: '∗', ...W }, ...(b ? [{ sign: '+', ...b }] : []), { sign: '=', ...y }],
      text().drawing(shapeText(x.shape), shapeText(W.shape), shapeText(y.shape)),
    );
  }
}

/** Whether the kernel lies there. @param {number} offset  from its first row or column */
const covers = (offset) => offset >= 0 && offset < KERNEL;
