// What the columns of im2col cost: bytes of the matrix beside bytes of the images.

import { texts } from '../language.js';
import { make } from '../views/dom.js';
import { Lesson } from './lesson.js';

const CODE = `from pyconvlite.utils import get_conv_outsize

OH = get_conv_outsize(H, K, stride, pad)
OW = get_conv_outsize(W, K, stride, pad)

float32 = 4  # bytes of a number
images = N * C * H * W * float32
columns = N * OH * OW * C * K * K * float32`;

const ADDRESSED = 2 ** 32; // bytes, by 32-bit WebAssembly

const text = texts(
  {
    images: 'The images',
    columns: 'Their columns',
    ratio: (/** @type {string} */ ratio, /** @type {string} */ shape) =>
      `The matrix ${shape} takes ${ratio} times the memory of the images.`,
    tooMuch: 'That is more than the 4 GiB that WebAssembly can address: no tab could hold it.',
  },
  {
    images: '元の画像',
    columns: '列に広げたもの',
    ratio: (ratio, shape) => `行列の形状は ${shape} で、画像の ${ratio} 倍のメモリを使います。`,
    tooMuch: 'WebAssembly がアドレスできる 4 GiB を超えるので、ブラウザのタブには入りません。',
  },
);

/** A number of bytes for people. @param {number} bytes */
function inBytes(bytes) {
  const power = bytes < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power && value < 100 ? value.toFixed(1) : Math.round(value)} ${['bytes', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}

export function startMemory() {
  const lesson = new Lesson('memory');
  const rows = /** @type {const} */ (['images', 'columns']).map((name) => {
    const [label, bar, value] = [make('dt'), make('div', { className: 'amount' }), make('code')];
    return { name, label, bar, value, cell: make('dd', {}, bar, value) };
  });
  lesson.stage.append(make('dl', { className: 'amounts' }, ...rows.flatMap(({ label, cell }) => [label, cell])));

  lesson.start({
    code: CODE,
    outputs: { images: 0, columns: 0, OH: 0, OW: 0 },
    show(values) {
      for (const { name, label, bar, value } of rows) {
        label.textContent = text()[name];
        if (!values) continue;
        const bytes = values[name].data[0];
        const most = Math.max(values.images.data[0], values.columns.data[0]);
        bar.style.setProperty('--share', String(most ? bytes / most : 0));
        value.textContent = inBytes(bytes);
      }
      if (!values) return;
      const [images, columns, OH, OW] = [values.images, values.columns, values.OH, values.OW].map(
        ({ data }) => data[0],
      );
      const { N, C, K } = lesson.knobs();
      const shape = `(${N * OH * OW}, ${C * K * K})`;
      const ratio = text().ratio((columns / images).toFixed(1), shape);
      lesson.say(columns > ADDRESSED ? `${ratio}\n${text().tooMuch}` : ratio);
    },
  });
}
