// What a convolution has beside its kernel: a bias, padding, a stride.

import { texts } from '../language.js';
import { matrix, Sliding } from './sliding.js';

const BIAS = `import numpy as np
import pyconvlite.functions as F

image, kernel = x[None, None], W[None, None]
sums = F.conv2d(image, kernel)[0, 0]
biases = np.array([b])
y = F.conv2d(image, kernel, biases)[0, 0]
`;

const PADDING = `import pyconvlite.functions as F

image, kernel = x[None, None], W[None, None]
y = F.conv2d(image, kernel, pad=(PH, PW))[0, 0]
`;

const STRIDE = `import pyconvlite.functions as F

image, kernel = x[None, None], W[None, None]
y = F.conv2d(image, kernel, stride=(SH, SW))
y = y[0, 0]
`;

const KERNEL = matrix([
  [1, 0, -1],
  [2, 0, -2],
  [1, 0, -1],
]);

const text = texts({ sums: 'Sums, without the bias' }, { sums: 'バイアスを足す前の和' });

export function startBias() {
  new Sliding('bias', {
    code: BIAS,
    x: matrix([
      [3, 3, 0, 0],
      [3, 3, 0, 0],
      [3, 3, 3, 0],
      [3, 3, 3, 0],
    ]),
    W: KERNEL,
    outputs: { sums: 2 },
    between: { name: 'sums', title: () => text().sums, sign: '+ b =' },
  }).start();
}

export function startPadding() {
  new Sliding('padding', {
    code: PADDING,
    x: matrix([
      [1, 2, 3, 0],
      [0, 1, 2, 3],
      [3, 0, 1, 2],
      [2, 3, 0, 1],
    ]),
    W: matrix([
      [0, 1, 0],
      [1, 1, 1],
      [0, 1, 0],
    ]),
  }).start();
}

export function startStride() {
  const row = (/** @type {number} */ start) => Array.from({ length: 8 }, (_, i) => (start + i) % 4);
  new Sliding('stride', { code: STRIDE, x: matrix([0, 1, 2, 3, 0, 1, 2].map(row)), W: KERNEL }).start();
}
