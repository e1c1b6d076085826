// Pooling with im2col: a row for each window and channel, then the largest of each row.

import { texts } from '../language.js';
import { element } from './formulas.js';
import { short } from './grid.js';
import { Lesson, signed } from './lesson.js';
import { indices, Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F

way = kernel_size, stride
N, C, OH, OW = F.pooling(x, *way).shape

col = F.im2col(x, *way).data
rows = col.reshape(-1, kernel_size**2)
most = rows.max(axis=1, keepdims=True)
y = most.reshape(N, OH, OW, C)
y = y.transpose(0, 3, 1, 2)

pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel, *way)`;

const text = texts(
  {
    x: 'Image, two channels',
    rows: 'One row per window and channel',
    most: 'Largest',
    y: 'Pooled, two channels',
    window: (/** @type {string} */ pixel, /** @type {string} */ row, /** @type {string} */ most) =>
      `${pixel}: the largest of ${row} is ${most}.`,
  },
  {
    x: '画像(2チャンネル)',
    rows: '1行が1つの窓・1チャンネル',
    most: '最大値',
    y: 'プーリング後(2チャンネル)',
    window: (pixel, row, most) => `${pixel}: ${row} の最大値は ${most} です。`,
  },
);

const PIXELS = [1, 5, 2, 0, 3, 4, 7, 1, 0, 2, 6, 8, 9, 1, 3, 5, -1, 0, 4, 2, -3, -2, 1, 3, 8, 6, 0, -4, 7, 5, -1, -2];

export function startPoolRows() {
  const lesson = new Lesson('pool-rows');
  let row = 0; // the window that the visitor points at
  /** Of y. */
  let shape = [1, 1, 1, 1];
  const point = (/** @type {number} */ next) => {
    row = next;
    lesson.show();
  };

  const x = lesson.give(lesson.row(), { name: 'x', title: () => text().x, shape: [1, 2, 4, 4], values: PIXELS });
  const line = lesson.row();
  let columns = 1;
  const rows = new Tensor(line, {
    name: 'rows',
    title: () => text().rows,
    small: true,
    first: [8, 4],
    onPoint: (index) => point(Math.floor(index / columns)),
  });
  const most = new Tensor(signed(line, '→'), {
    name: 'most',
    title: () => text().most,
    small: true,
    first: [8, 1],
    onPoint: point,
  });
  const y = new Tensor(signed(line, '→'), {
    name: 'y',
    title: () => text().y,
    first: [1, 2, 2, 2],
    onPoint(index) {
      const [, C, OH, OW] = shape;
      const [n, c, oh, ow] = indices(index, shape);
      point(((n * OH + oh) * OW + ow) * C + c);
    },
  });

  lesson.start({
    code: CODE,
    outputs: { rows: 2, most: 2, y: 4, source: 2 },
    show(values) {
      if (values) ({ shape } = values.y);
      columns = values?.rows.shape[1] ?? 1;
      if (values && row >= values.rows.shape[0]) row = 0;
      const window = Array.from(values?.rows.data.slice(row * columns, (row + 1) * columns) ?? []);
      const pixels = Array.from(values?.source.data.slice(row * columns, (row + 1) * columns) ?? []);
      const best = window.indexOf(values?.most.data[row] ?? NaN); // -1 where it is none of them, an average for instance
      x.draw((pixel) => {
        const place = pixels.indexOf(pixel);
        return place < 0 ? '' : place === best ? 'window target' : 'window';
      });
      if (!values) return;
      rows.draw(values.rows, (index) => {
        if (Math.floor(index / columns) !== row) return '';
        return index % columns === best ? 'window target' : 'window';
      });
      most.draw(values.most, (index) => (index === row ? 'target' : ''));
      const [, C, OH, OW] = shape;
      const [n, oh, ow, c] = indices(row, [shape[0], OH, OW, C]);
      const output = ((n * C + c) * OH + oh) * OW + ow;
      y.draw(values.y, (index) => (index === output ? 'target' : ''));
      const list = window.map(short).join(', ');
      lesson.say(text().window(element('y', output, shape), list, short(values.most.data[row])));
    },
  });
}
