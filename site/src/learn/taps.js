// im2col both ways: with six axes, the pictures that the kernel's cells see; as a matrix, a row for each position.

import { texts } from '../language.js';
import { Lesson } from './lesson.js';
import { indices, Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F

way = kernel_size, stride, pad
six = F.im2col(x, *way, to_matrix=False)
col = F.im2col(x, *way, to_matrix=True)

# OH and OW to the front, then rows are made
N, C, KH, KW, OH, OW = six.shape
rows = six.transpose(0, 4, 5, 1, 2, 3)
rows = rows.reshape(N * OH * OW, C * KH * KW)
same = np.array_equal(rows.data, col.data)
print("the same matrix:", same)

pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, *way)`;

const text = texts(
  {
    x: 'Image',
    six: 'to_matrix=False: (N, C, KH, KW, OH, OW)',
    col: 'to_matrix=True: (N·OH·OW, C·KH·KW)',
    tap: (/** @type {string} */ cell, /** @type {string} */ six, /** @type {string} */ col) =>
      `Cell (${cell}) of the kernel sees its own picture, ${six}; in the matrix it is ${col}.`,
  },
  {
    x: '画像',
    six: 'to_matrix=False: (N, C, KH, KW, OH, OW)',
    col: 'to_matrix=True: (N·OH·OW, C·KH·KW)',
    tap: (cell, six, col) => `カーネルのマス (${cell}) から見える画像が ${six} で、行列では ${col} にあたります。`,
  },
);

export function startTaps() {
  const lesson = new Lesson('taps');
  /** A position and a cell of the kernel: row and column of the matrix. */
  let at = { row: 4, column: 1 };
  /** Of six. */
  let shape = [1, 1, 1, 1, 1, 1];
  const point = (/** @type {typeof at} */ next) => {
    at = next;
    lesson.show();
  };
  /** The row and the column of the matrix for a number of six. @param {number} index */
  const cellOf = (index) => {
    const [, C, KH, KW, OH, OW] = shape;
    const [n, c, kh, kw, oh, ow] = indices(index, shape);
    return { row: (n * OH + oh) * OW + ow, column: (c * KH + kh) * KW + kw, columns: C * KH * KW };
  };

  const x = lesson.give(lesson.stage, {
    name: 'x',
    title: () => text().x,
    shape: [1, 1, 4, 4],
    values: Array.from({ length: 16 }, (_, i) => i),
  });
  const six = new Tensor(lesson.stage, {
    name: 'six',
    title: () => text().six,
    small: true,
    first: [1, 1, 2, 2, 3, 3],
    onPoint: (index) => point(cellOf(index)),
  });
  const col = new Tensor(lesson.stage, {
    name: 'col',
    title: () => text().col,
    small: true,
    first: [9, 4],
    onPoint(index) {
      const { columns } = cellOf(0);
      point({ row: Math.floor(index / columns), column: index % columns });
    },
  });

  lesson.start({
    code: CODE,
    outputs: { six: 6, col: 2, source: 2 },
    show(values) {
      if (values) ({ shape } = values.six);
      const [, , KH, KW, OH, OW] = shape;
      const { columns } = cellOf(0);
      if (values && (at.row >= OH * OW || at.column >= columns)) at = { row: 0, column: 0 };
      const here = (/** @type {number} */ row, /** @type {number} */ column) =>
        column !== at.column ? '' : row === at.row ? 'window target' : 'window';
      const source = values?.source.data ?? [];
      const seen = new Set(Array.from(source).filter((_, index) => index % columns === at.column));
      const pixel = source[at.row * columns + at.column];
      x.draw((index) => (index + 1 === pixel ? 'window target' : seen.has(index + 1) ? 'window' : ''));
      if (!values) return;
      six.draw(values.six, (index) => {
        const { row, column } = cellOf(index);
        return here(row, column);
      });
      col.draw(values.col, (index) => here(Math.floor(index / columns), index % columns));
      const [kh, kw] = indices(at.column, [KH, KW]);
      lesson.say(text().tap(`${kh}, ${kw}`, `six[0, 0, ${kh}, ${kw}]`, `col[:, ${at.column}]`));
    },
  });
}
