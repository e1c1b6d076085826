// Deconvolution as the adjoint of convolution: the same inner products, the transposed matrix.

import { texts } from '../language.js';
import { element, sumOfProducts } from './formulas.js';
import { short } from './grid.js';
import { Lesson } from './lesson.js';
import { Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F

y = F.conv2d(x, W).data
back = F.deconv2d(gy, W).data

left = np.sum(gy * y)     # <gy, conv(x)>
right = np.sum(back * x)  # <deconv(gy), x>

# Both as matrices. Where each pixel leads to:
pixels = np.eye(9).reshape(9, 1, 3, 3)
A = F.conv2d(pixels, W).reshape(9, 4).T
# ... and each output, on the way back:
outputs = np.eye(4).reshape(4, 1, 2, 2)
B = F.deconv2d(outputs, W).reshape(4, 9).T`;

const text = texts(
  {
    x: 'Input',
    W: 'Kernel',
    y: 'conv(x)',
    gy: 'Any numbers of y’s shape',
    back: 'deconv(gy)',
    A: 'Convolution: y = A x',
    B: 'Deconvolution: its transpose',
    differ: (/** @type {string} */ difference) => `Difference: ${difference}.`,
    entry: (/** @type {string} */ a, /** @type {string} */ b, /** @type {string} */ value) =>
      `${a} = ${b} = ${value}: pixel and output are joined by the same weight, both ways.`,
  },
  {
    x: '入力',
    W: 'カーネル',
    y: 'conv(x)',
    gy: 'y と同じ形状の任意の数',
    back: 'deconv(gy)',
    A: '畳み込み: y = A x',
    B: '逆畳み込み: その転置',
    differ: (difference) => `差は ${difference} です。`,
    entry: (a, b, value) => `${a} = ${b} = ${value}: 画素と出力は、行きも帰りも同じ重みで結ばれています。`,
  },
);

export function startAdjoint() {
  const lesson = new Lesson('adjoint');
  let [output, pixel] = [1, 4]; // what the visitor points at
  const point = (/** @type {number} */ nextOutput, /** @type {number} */ nextPixel) => {
    [output, pixel] = [nextOutput, nextPixel];
    lesson.show();
  };
  const atOutput = (/** @type {number} */ index) => point(index, pixel);
  const atPixel = (/** @type {number} */ index) => point(output, index);

  const there = lesson.row();
  const x = lesson.give(there, {
    name: 'x',
    title: () => text().x,
    shape: [1, 1, 3, 3],
    values: [1, 2, 0, 3, 1, 1, 0, 2, 1],
    onPoint: atPixel,
  });
  const W = lesson.give(there, { name: 'W', title: () => text().W, shape: [1, 1, 2, 2], values: [1, 2, 3, -1] });
  const y = new Tensor(there, { name: 'y', title: () => text().y, first: [1, 1, 2, 2], onPoint: atOutput });
  const gy = lesson.give(there, {
    name: 'gy',
    title: () => text().gy,
    shape: [1, 1, 2, 2],
    values: [2, 1, 0, 1],
    onPoint: atOutput,
  });
  const back = new Tensor(there, { name: 'back', title: () => text().back, first: [1, 1, 3, 3], onPoint: atPixel });
  const matrices = lesson.row();
  const small = true;
  const A = new Tensor(matrices, {
    name: 'A',
    title: () => text().A,
    small,
    first: [4, 9],
    onPoint: (index) => point(Math.floor(index / 9), index % 9),
  });
  const B = new Tensor(matrices, {
    name: 'B',
    title: () => text().B,
    small,
    first: [9, 4],
    onPoint: (index) => point(index % 4, Math.floor(index / 4)),
  });

  lesson.start({
    code: CODE,
    outputs: { y: 4, back: 4, left: 0, right: 0, A: 2, B: 2 },
    show(values) {
      const outputMark = (/** @type {number} */ index) => (index === output ? 'target' : '');
      const pixelMark = (/** @type {number} */ index) => (index === pixel ? 'target' : '');
      x.draw(pixelMark);
      W.draw();
      gy.draw(outputMark);
      if (!values) return;
      y.draw(values.y, outputMark);
      back.draw(values.back, pixelMark);
      A.draw(values.A, (index) => (index === output * 9 + pixel ? 'target' : ''));
      B.draw(values.B, (index) => (index === pixel * 4 + output ? 'target' : ''));
      const [left, right] = [values.left.data[0], values.right.data[0]];
      const pairs = (/** @type {ArrayLike<number>} */ a, /** @type {ArrayLike<number>} */ b) =>
        Array.from(a, (value, index) => [value, b[index]]);
      lesson.say(
        [
          `⟨gy, conv(x)⟩ = ${sumOfProducts(pairs(gy.numbers.data, values.y.data), left)}`,
          `⟨deconv(gy), x⟩ = ${sumOfProducts(pairs(values.back.data, x.numbers.data), right)}`,
          text().differ(String(Math.abs(left - right))),
          text().entry(
            element('A', output * 9 + pixel, values.A.shape),
            element('B', pixel * 4 + output, values.B.shape),
            short(values.A.data[output * 9 + pixel]),
          ),
        ].join('\n'),
      );
    },
  });
}
