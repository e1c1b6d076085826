// col2im: the copies that im2col made are added up where they came from.

import { texts } from '../language.js';
import { element, sumOfProducts } from './formulas.js';
import { Lesson, signed } from './lesson.js';
import { Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F

way = kernel_size, stride, pad
col = F.im2col(x, *way)
back = F.col2im(col, x.shape, *way)

# how many copies there were of each pixel
ones = np.ones(col.shape)
times = F.col2im(ones, x.shape, *way)

pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, *way)`;

const text = texts(
  {
    x: 'Image',
    col: 'im2col: its copies',
    back: 'col2im: their sums',
    times: 'Copies of each pixel',
    none: (/** @type {string} */ pixel) => `${pixel} = 0: no position of the kernel covers this pixel.`,
  },
  {
    x: '画像',
    col: 'im2col: 画素のコピー',
    back: 'col2im: コピーの和',
    times: '各画素のコピーの数',
    none: (pixel) => `${pixel} = 0: どの位置のカーネルもこの画素を覆いません。`,
  },
);

export function startAddBack() {
  const lesson = new Lesson('add-back');
  let pixel = 5; // that the visitor points at
  const point = (/** @type {number} */ next) => {
    pixel = next;
    lesson.show();
  };
  /** @type {ArrayLike<number>} */
  let source = [];

  const line = lesson.row();
  const x = lesson.give(line, {
    name: 'x',
    title: () => text().x,
    shape: [1, 1, 4, 4],
    values: Array.from({ length: 16 }, (_, i) => i + 1),
    onPoint: point,
  });
  const col = new Tensor(signed(line, '→'), {
    name: 'col',
    title: () => text().col,
    small: true,
    first: [9, 4],
    onPoint: (index) => source[index] && point(source[index] - 1),
  });
  const back = new Tensor(signed(line, '→'), {
    name: 'back',
    title: () => text().back,
    first: [1, 1, 4, 4],
    onPoint: point,
  });
  const times = new Tensor(line, { name: 'times', title: () => text().times, first: [1, 1, 4, 4], onPoint: point });

  lesson.start({
    code: CODE,
    outputs: { col: 2, back: 4, times: 4, source: 2 },
    show(values) {
      const mark = (/** @type {number} */ index) => (index === pixel ? 'target' : '');
      x.draw(mark);
      if (!values) return;
      source = values.source.data;
      col.draw(values.col, (index) => (source[index] === 0 ? 'pad' : mark(source[index] - 1)));
      back.draw(values.back, mark);
      times.draw(values.times, mark);
      const copies = Array.from(values.col.data).filter((_, index) => source[index] - 1 === pixel);
      const name = element('back', pixel, x.numbers.shape);
      const sum = sumOfProducts(
        copies.map((copy) => [copy]),
        values.back.data[pixel],
      );
      lesson.say(copies.length ? `${name} = ${sum}` : text().none(name));
    },
  });
}
