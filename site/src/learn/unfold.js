// im2col: each position of the kernel becomes a row of a matrix.

import { texts } from '../language.js';
import { element } from './formulas.js';
import { Lesson } from './lesson.js';
import { Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F

way = kernel_size, stride, pad
col = F.im2col(x, *way)

# The same with the pixels numbered, from 1:
# where each number of col is from.
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, *way)`;

const text = texts(
  {
    x: 'Image, two channels',
    col: 'Matrix',
    row: (/** @type {number} */ row, /** @type {number} */ rows, /** @type {number} */ pads) =>
      `col[${row}]: what the kernel covers at position ${row + 1} of ${rows}` +
      (pads ? `; ${pads} of these numbers are zeros of the padding.` : '.'),
    pixel: (/** @type {string} */ pixel, /** @type {number} */ times) =>
      times === 1 ? `${pixel} is copied once.` : `${pixel} is copied ${times} times.`,
  },
  {
    x: '画像(2チャンネル)',
    col: '行列',
    row: (row, rows, pads) =>
      `col[${row}]: ${rows} か所の位置のうち ${row + 1} 番目で、カーネルの下にある画素です` +
      (pads ? `(うち ${pads} 個はパディングの 0)。` : '。'),
    pixel: (pixel, times) => `${pixel} は ${times} 回コピーされています。`,
  },
);

export function startUnfold() {
  const lesson = new Lesson('unfold');
  /** The row or the pixel that the visitor points at. @type {{row?: number, pixel?: number}} */
  let at = { row: 1 };
  const point = (/** @type {typeof at} */ next) => {
    at = next;
    lesson.show();
  };

  const x = lesson.give(lesson.stage, {
    name: 'x',
    title: () => text().x,
    shape: [1, 2, 4, 4],
    values: Array.from({ length: 32 }, (_, i) => (i < 16 ? i : 15 - i)),
    onPoint: (pixel) => point({ pixel }),
  });
  let columns = 1;
  const col = new Tensor(lesson.stage, {
    name: 'col',
    title: () => text().col,
    small: true,
    first: [9, 8],
    onPoint: (index) => point({ row: Math.floor(index / columns) }),
  });

  lesson.start({
    code: CODE,
    outputs: { col: 2, source: 2 },
    show(values) {
      const source = values ? [...values.source.data] : [];
      columns = values?.col.shape[1] ?? 1;
      const rows = values?.col.shape[0] ?? 0;
      if (values && at.row !== undefined && at.row >= rows) at.row = 0;
      const inRow = (/** @type {number} */ index) => Math.floor(index / columns) === at.row;
      const covered = new Set(source.filter((_, index) => inRow(index)));
      x.draw((pixel) => (pixel === at.pixel ? 'target' : covered.has(pixel + 1) ? 'window' : ''));
      if (!values) return;
      col.draw(values.col, (index) => {
        const mark = inRow(index) || source[index] - 1 === at.pixel ? 'window' : '';
        return source[index] ? mark : `pad ${mark}`;
      });
      if (at.pixel === undefined) {
        const pads = source.filter((pixel, index) => inRow(index) && !pixel).length;
        lesson.say(text().row(/** @type {number} */ (at.row), rows, pads));
      } else {
        const times = source.filter((pixel) => pixel - 1 === at.pixel).length;
        lesson.say(text().pixel(element('x', at.pixel, x.numbers.shape), times));
      }
    },
  });
}
