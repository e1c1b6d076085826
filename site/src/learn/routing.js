// Pooling backward: a maximum sends the gradient to its pixel, an average spreads it over the window.

import { texts } from '../language.js';
import { element, outShape, sumOfProducts } from './formulas.js';
import { short } from './grid.js';
import { Lesson } from './lesson.js';
import { Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F
from pyconvlite import Variable, grad

x = Variable(x)
way = kernel_size, stride
y = F.pooling(x, *way)
index = y.creator.indexes  # kept for backward
gx, = grad(y, x, gy)

mean = F.average_pooling(x, *way)
spread, = grad(mean, x, gy)

pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel, *way)`;

const text = texts(
  {
    x: 'Input',
    y: 'Largest of each window',
    index: 'Its place in the window',
    gy: 'Gradients of the output',
    gx: 'Max pooling: to the largest',
    spread: 'Average pooling: to all alike',
    goes: (
      /** @type {string} */ gy,
      /** @type {string} */ value,
      /** @type {number} */ place,
      /** @type {string} */ pixel,
      /** @type {string} */ share,
    ) =>
      `${gy} = ${value} goes to place ${place} of its window, counted from 0: ${pixel}. An average gives ${share} to each pixel.`,
    gets: (/** @type {string} */ sum) => `${sum}: from the windows in which it is the largest.`,
    gone: (/** @type {string} */ gx) => `${gx} = 0: this pixel is the largest of no window.`,
  },
  {
    x: '入力',
    y: '各窓の最大値',
    index: '窓の中での位置',
    gy: '出力の勾配',
    gx: '最大値プーリング: 最大の画素へ',
    spread: '平均プーリング: 全画素へ均等に',
    goes: (gy, value, place, pixel, share) =>
      `${gy} = ${value} は、窓の中の 0 から数えて ${place} 番目の位置 ${pixel} に届きます。平均なら各画素に ${share} ずつです。`,
    gets: (sum) => `${sum}: この画素が最大になった窓から届いた勾配です。`,
    gone: (gx) => `${gx} = 0: この画素が最大になる窓はありません。`,
  },
);

const PIXELS = [1, 5, 2, 0, 3, 4, 7, 1, 0, 2, 6, 8, 9, 1, 3, 5];
const SIZE = 4; // of the input, both ways

export function startRouting() {
  const lesson = new Lesson('routing');
  /** What the visitor points at: a window or a pixel of the input. @type {{window?: number, pixel?: number}} */
  let at = { window: 1 };
  const point = (/** @type {typeof at} */ next) => {
    at = next;
    lesson.show();
  };
  const atWindow = (/** @type {number} */ window) => point({ window });
  const atPixel = (/** @type {number} */ pixel) => point({ pixel });
  const outputs = () => {
    const { kernel_size: kernel, stride } = lesson.knobs();
    return outShape(SIZE, kernel, stride);
  };

  const forward = lesson.row();
  const shape = [1, 1, SIZE, SIZE];
  const x = lesson.give(forward, { name: 'x', title: () => text().x, shape, values: PIXELS, onPoint: atPixel });
  const y = new Tensor(forward, { name: 'y', title: () => text().y, first: [1, 1, 2, 2], onPoint: atWindow });
  const index = new Tensor(forward, {
    name: 'index',
    title: () => text().index,
    first: [1, 1, 2, 2],
    onPoint: atWindow,
  });
  const backward = lesson.row();
  const gy = lesson.give(backward, {
    name: 'gy',
    title: () => text().gy,
    shape: outputs,
    values: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    onPoint: atWindow,
  });
  const gx = new Tensor(backward, { name: 'gx', title: () => text().gx, first: shape, onPoint: atPixel });
  const spread = new Tensor(backward, { name: 'spread', title: () => text().spread, first: shape, onPoint: atPixel });

  lesson.start({
    code: CODE,
    outputs: { y: 4, index: 4, gx: 4, spread: 4, source: 2 },
    show(values) {
      const columns = values?.source.shape[1] ?? 1;
      const source = Array.from(values?.source.data ?? []);
      if (at.window !== undefined && at.window >= gy.numbers.data.length) at = { window: 0 };
      /** The pixel that each window chose. */
      const chosen = Array.from(values?.index.data ?? [], (place, window) => source[window * columns + place]);
      const { window, pixel = chosen[window ?? 0] } = at;
      const pixels = window === undefined ? [] : source.slice(window * columns, (window + 1) * columns);
      const onPixels = (/** @type {number} */ index) =>
        `${pixels.includes(index) ? 'window' : ''} ${index === pixel ? 'target' : ''}`;
      const onWindows = (/** @type {number} */ index) =>
        index === window || (window === undefined && chosen[index] === pixel) ? 'target' : '';
      x.draw(onPixels);
      gy.draw(onWindows);
      if (!values) return;
      y.draw(values.y, onWindows);
      index.draw(values.index, onWindows);
      gx.draw(values.gx, onPixels);
      spread.draw(values.spread, onPixels);
      const { data } = gy.numbers;
      const name = element('gx', pixel, values.gx.shape);
      const reached = chosen.flatMap((winner, from) => (winner === pixel ? [[data[from]]] : []));
      if (window !== undefined)
        lesson.say(
          text().goes(
            element('gy', window, gy.numbers.shape),
            short(data[window]),
            values.index.data[window],
            name,
            short(data[window] / columns),
          ),
        );
      else if (reached.length) lesson.say(text().gets(`${name} = ${sumOfProducts(reached, values.gx.data[pixel])}`));
      else lesson.say(text().gone(name));
    },
  });
}
