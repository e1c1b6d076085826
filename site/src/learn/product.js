// A convolution as one product of matrices: an output pixel is a row times a kernel.

import { texts } from '../language.js';
import { element, sumOfProducts } from './formulas.js';
import { Lesson, signed } from './lesson.js';
import { indices, Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F

OC, C, KH, KW = W.shape
way = (KH, KW), stride, pad
col = F.im2col(x, *way)
kernels = W.reshape(OC, -1).T
t = col @ kernels  # all sums at once

# the same numbers, as images
y = F.conv2d(x, W, stride=stride, pad=pad)

# where each number of col is from
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, *way)`;

const text = texts(
  {
    x: 'Image',
    W: 'Kernels',
    col: 'One row per position',
    kernels: 'As columns',
    t: 'Product',
    y: 'Output: one channel per kernel',
  },
  {
    x: '画像',
    W: 'カーネル',
    col: '1行が1つの位置',
    kernels: '列にしたもの',
    t: '行列の積',
    y: '出力(カーネルごとに1チャンネル)',
  },
);

const PIXELS = [1, 2, 0, 1, 0, 3, 1, 2, 2, 1, 0, 1, 1, 0, 2, 3, 0, 1, 2, 0, 1, 1, 0, 2, 3, 0, 1, 1, 0, 2, 1, 0];
const WEIGHTS = [1, 0, -1, 2, 0, 1, 1, -1, 2, -1, 0, 1, 1, 1, -2, 0];

export function startProduct() {
  const lesson = new Lesson('product');
  /** Shapes of what was drawn last. @type {Record<string, number[]>} */
  let shapes = {};
  let [row, oc] = [4, 0]; // what the visitor points at
  const point = (/** @type {number} */ nextRow, nextKernel = oc) => {
    [row, oc] = [nextRow, nextKernel];
    lesson.show();
  };

  const images = lesson.row();
  const x = lesson.give(images, { name: 'x', title: () => text().x, shape: [1, 2, 4, 4], values: PIXELS });
  const W = lesson.give(images, {
    name: 'W',
    title: () => text().W,
    shape: [2, 2, 2, 2],
    values: WEIGHTS,
    onPoint: (index) => point(row, Math.floor(index / 8)),
  });
  const y = new Tensor(images, {
    name: 'y',
    title: () => text().y,
    first: [1, 2, 3, 3],
    onPoint(index) {
      const [n, channel, oh, ow] = indices(index, shapes.y);
      point((n * shapes.y[2] + oh) * shapes.y[3] + ow, channel);
    },
  });
  const matrices = lesson.row();
  const small = true;
  const col = new Tensor(matrices, {
    name: 'col',
    title: () => text().col,
    small,
    first: [9, 8],
    onPoint: (index) => point(Math.floor(index / shapes.col[1])),
  });
  const kernels = new Tensor(signed(matrices, '@'), {
    name: 'kernels',
    title: () => text().kernels,
    small,
    first: [8, 2],
    onPoint: (index) => point(row, index % shapes.kernels[1]),
  });
  const t = new Tensor(signed(matrices, '='), {
    name: 't',
    title: () => text().t,
    small,
    first: [9, 2],
    onPoint: (index) => point(Math.floor(index / shapes.t[1]), index % shapes.t[1]),
  });

  lesson.start({
    code: CODE,
    outputs: { col: 2, kernels: 2, t: 2, y: 4, source: 2 },
    show(values) {
      if (values) shapes = Object.fromEntries(Object.entries(values).map(([name, { shape }]) => [name, shape]));
      const [rows, columns] = shapes.col ?? [0, 0];
      const [, kernelCount] = shapes.kernels ?? [0, 0];
      if (values && row >= rows) row = 0;
      if (values && oc >= kernelCount) oc = 0;
      const covered = new Set(values?.source.data.slice(row * columns, (row + 1) * columns));
      x.draw((pixel) => (covered.has(pixel + 1) ? 'window' : ''));
      W.draw((index) => (Math.floor(index / 8) === oc ? 'window' : ''));
      if (!values) return;
      col.draw(values.col, (index) => (Math.floor(index / columns) === row ? 'window' : ''));
      kernels.draw(values.kernels, (index) => (index % kernelCount === oc ? 'window' : ''));
      const target = row * shapes.t[1] + oc;
      t.draw(values.t, (index) => (index === target ? 'target' : ''));
      const [, , OH, OW] = shapes.y;
      const [n, pixel] = [Math.floor(row / (OH * OW)), row % (OH * OW)];
      const output = (n * shapes.y[1] + oc) * OH * OW + pixel;
      y.draw(values.y, (index) => (index === output ? 'target' : ''));
      const products = Array.from({ length: columns }, (_, k) => [
        values.col.data[row * columns + k],
        values.kernels.data[k * kernelCount + oc],
      ]);
      const sum = sumOfProducts(products, values.t.data[target]);
      lesson.say(`${element('y', output, shapes.y)} = col[${row}] · kernels[:, ${oc}] = ${sum}`);
    },
  });
}
