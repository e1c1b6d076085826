// The product's rows become images again: a reshape, then a transpose, neither of which moves a number.

import { texts } from '../language.js';
import { element, sumOfProducts } from './formulas.js';
import { Lesson } from './lesson.js';
import { indices, Tensor } from './tensor.js';

const CODE = `import numpy as np

N, OH, OW, OC = 2, 2, 2, 3

a = t.reshape(N, OH, OW, OC)
y = a.transpose(0, 3, 1, 2)

# how far apart neighbours lie in memory,
# axis by axis
steps = np.array(y.strides) // y.itemsize

# a reshape alone mixes the channels
wrong = t.reshape(N, OC, OH, OW)`;

const text = texts(
  {
    t: 'Product: (position, channel)',
    a: '1. Reshaped: rows cut into images',
    y: '2. Transposed: channels first',
    wrong: 'Not this: reshaped only',
    lies: (/** @type {string} */ y, /** @type {string} */ t, /** @type {string} */ sum, /** @type {number} */ place) =>
      `${y} is ${t}. Counted from 0 it is number ${place} in memory: ${sum}, indices times steps.`,
  },
  {
    t: '行列の積(位置, チャンネル)',
    a: '1. 形状変更: 行を画像ごとに切り分ける',
    y: '2. 軸の入れ替え: チャンネルを前へ',
    wrong: '誤り: 形状変更だけ',
    lies: (y, t, sum, place) => `${y} は ${t} です。メモリ上では 0 から数えて ${place} 番目: ${sum}(添字 × 間隔の和)。`,
  },
);

/** Tens count positions, ones count channels. */
const VALUES = Array.from({ length: 24 }, (_, i) => 10 * (Math.floor(i / 3) + 1) + (i % 3) + 1);

export function startFold() {
  const lesson = new Lesson('fold');
  let place = 14; // in memory, of the number that the visitor points at
  const point = (/** @type {number} */ next) => {
    place = next;
    lesson.show();
  };
  /** Where y's numbers lie in memory. @type {number[]} */
  let places = [];

  const first = lesson.row();
  const t = lesson.give(first, { name: 't', title: () => text().t, shape: [8, 3], values: VALUES, onPoint: point });
  const a = new Tensor(first, { name: 'a', title: () => text().a, first: [2, 2, 2, 3], onPoint: point });
  const second = lesson.row();
  const y = new Tensor(second, {
    name: 'y',
    title: () => text().y,
    first: [2, 3, 2, 2],
    onPoint: (index) => point(places[index]),
  });
  const wrong = new Tensor(second, { name: 'wrong', title: () => text().wrong, first: [2, 3, 2, 2], onPoint: point });

  lesson.start({
    code: CODE,
    outputs: { a: 4, y: 4, steps: 1, wrong: 4 },
    show(values) {
      const mark = (/** @type {number} */ index) => (index === place ? 'target' : '');
      t.draw(mark);
      if (!values) return;
      const { shape } = values.y;
      const steps = values.steps.data;
      const terms = (/** @type {number} */ index) => indices(index, shape).map((i, axis) => [i, steps[axis]]);
      places = Array.from(values.y.data, (_, index) => terms(index).reduce((sum, [i, step]) => sum + i * step, 0));
      a.draw(values.a, mark);
      y.draw(values.y, (index) => mark(places[index]));
      wrong.draw(values.wrong, mark);
      const index = places.indexOf(place);
      if (index < 0) return;
      const sum = sumOfProducts(terms(index), place);
      lesson.say(text().lies(element('y', index, shape), element('t', place, t.numbers.shape), sum, place));
    },
  });
}
