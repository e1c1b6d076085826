// The gradient of the weights: gy slides over x as if it were a kernel.

import { texts } from '../language.js';
import { element, outShape, sumOfProducts } from './formulas.js';
import { Lesson, signed } from './lesson.js';
import { Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F
from pyconvlite import Variable, grad

W = Variable(np.ones((1, 1, 3, 3)))
y = F.conv2d(x, W, stride=stride, pad=pad)
gW, = grad(y, W, gy)

# the same by hand: gy as a kernel
# with its cells a stride apart
way = dict(pad=pad, dilation=stride)
same = F.conv2d(x, gy, **way).data
same = same[:, :, :3, :3]
difference = np.abs(gW.data - same).max()

# which pixel each weight met, from 1
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, 3, stride, pad)`;

const text = texts(
  {
    x: 'Input',
    gy: 'Gradients of the output',
    gW: 'Gradients of the weights',
    sum: (/** @type {string} */ sum, /** @type {string} */ difference) =>
      `${sum}\nBackward and correlation differ by ${difference}.`,
  },
  {
    x: '入力',
    gy: '出力の勾配',
    gW: '重みの勾配',
    sum: (sum, difference) => `${sum}\n逆伝播と相関の差は ${difference} です。`,
  },
);

const PIXELS = [1, 0, 2, 1, 0, 3, 1, 0, 2, 1, 0, 2, 4, 0, 1, 1, 0, 1, 3, 2, 2, 1, 0, 1, 0];
const SIZE = 5; // of the input, both ways
const KERNEL = 3;

export function startWeights() {
  const lesson = new Lesson('weights');
  let weight = 0; // that the visitor points at
  const point = (/** @type {number} */ next) => {
    weight = next;
    lesson.show();
  };
  const outputs = () => {
    const { stride, pad } = lesson.knobs();
    return outShape(SIZE, KERNEL, stride, pad);
  };

  const line = lesson.row();
  const x = lesson.give(line, { name: 'x', title: () => text().x, shape: [1, 1, SIZE, SIZE], values: PIXELS });
  const gy = lesson.give(signed(line, '⋆'), {
    name: 'gy',
    title: () => text().gy,
    shape: outputs,
    values: [1, 0, -1, 2, 0, 1, 0, 1, 0],
  });
  const gW = new Tensor(signed(line, '→'), { name: 'gW', title: () => text().gW, first: [1, 1, 3, 3], onPoint: point });

  lesson.start({
    code: CODE,
    outputs: { gW: 4, source: 2, difference: 0 },
    show(values) {
      const weights = values?.source.shape[1] ?? 1;
      /** For each output the pixel that the weight met, from 1; 0 is padding. */
      const met = Array.from(values?.source.data ?? []).filter((_, place) => place % weights === weight);
      x.draw((index) => (met.includes(index + 1) ? 'window' : ''));
      gy.draw((index) => (met[index] ? 'window' : ''));
      if (!values) return;
      gW.draw(values.gW, (index) => (index === weight ? 'target' : ''));
      const products = met.flatMap((pixel, output) =>
        pixel ? [[x.numbers.data[pixel - 1], gy.numbers.data[output]]] : [],
      );
      const sum = `${element('gW', weight, values.gW.shape)} = ${sumOfProducts(products, values.gW.data[weight])}`;
      lesson.say(text().sum(sum, values.difference.data[0].toPrecision(1)));
    },
  });
}
