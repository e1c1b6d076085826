// Where a gradient of the output flows in the input: each one lays a copy of the kernel down, and copies that meet add up.

import { texts } from '../language.js';
import { element, outShape, sumOfProducts } from './formulas.js';
import { short } from './grid.js';
import { Lesson, signed } from './lesson.js';
import { Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F
from pyconvlite import Variable, grad

x = Variable(np.zeros((1, 1, 5, 5)))
y = F.conv2d(x, W, stride=stride, pad=pad)
gx, = grad(y, x, gy)

# the same by hand: gy, deconvolved
way = dict(stride=stride, pad=pad, outsize=5)
same = F.deconv2d(gy, W, **way)
difference = np.abs(gx.data - same.data).max()

# which pixel each weight met, from 1
pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, 3, stride, pad)`;

const text = texts(
  {
    gy: 'Gradients of the output',
    W: 'Kernel',
    gx: 'Gradients of the input',
    spreads: (/** @type {string} */ gy, /** @type {string} */ value, /** @type {number} */ pixels) =>
      `${gy} = ${value} lays ${value} × W over the ${pixels} pixels that its output came from.`,
    none: (/** @type {string} */ gx) => `${gx} = 0: no output looked at this pixel.`,
    same: (/** @type {string} */ difference) => `Backward and deconvolution differ by ${difference}.`,
  },
  {
    gy: '出力の勾配',
    W: 'カーネル',
    gx: '入力の勾配',
    spreads: (gy, value, pixels) =>
      `${gy} = ${value} は、その出力を生んだ ${pixels} 個の画素に ${value} × W を置きます。`,
    none: (gx) => `${gx} = 0: この画素を見た出力はありません。`,
    same: (difference) => `逆伝播と逆畳み込みの差は ${difference} です。`,
  },
);

const SIZE = 5; // of the input, both ways
const KERNEL = 3;

export function startFlow() {
  const lesson = new Lesson('flow');
  /** What the visitor points at: an output or a pixel of the input. @type {{output?: number, pixel?: number}} */
  let at = { output: 4 };
  const point = (/** @type {typeof at} */ next) => {
    at = next;
    lesson.show();
  };
  const outputs = () => {
    const { stride, pad } = lesson.knobs();
    return outShape(SIZE, KERNEL, stride, pad);
  };

  const line = lesson.row();
  const gy = lesson.give(line, {
    name: 'gy',
    title: () => text().gy,
    shape: outputs,
    values: [0, 0, 0, 0, 1, 0, 0, 0, 0],
    onPoint: (output) => point({ output }),
  });
  const W = lesson.give(signed(line, '×'), {
    name: 'W',
    title: () => text().W,
    shape: [1, 1, KERNEL, KERNEL],
    values: [1, 2, 1, 0, 3, 0, -1, -2, -1],
  });
  const gx = new Tensor(signed(line, '→'), {
    name: 'gx',
    title: () => text().gx,
    first: [1, 1, 5, 5],
    onPoint: (pixel) => point({ pixel }),
  });

  lesson.start({
    code: CODE,
    outputs: { gx: 4, source: 2, difference: 0 },
    show(values) {
      const source = Array.from(values?.source.data ?? []);
      const weights = values?.source.shape[1] ?? 1;
      if (at.output !== undefined && at.output >= gy.numbers.data.length) at = { output: 0 };
      const { output, pixel } = at;
      /** The pairs of an output and a weight that reach the pixel. */
      const paths = source.flatMap((number, place) =>
        number - 1 === pixel ? [{ output: Math.floor(place / weights), weight: place % weights }] : [],
      );
      const met = source.filter((number, place) => number && Math.floor(place / weights) === output);
      gy.draw((index) => (index === output ? 'target' : paths.some((path) => path.output === index) ? 'window' : ''));
      W.draw((index) => (paths.some(({ weight }) => weight === index) ? 'window' : ''));
      if (!values) return;
      gx.draw(values.gx, (index) => (index === pixel ? 'target' : met.includes(index + 1) ? 'window' : ''));
      const said = () => {
        if (output !== undefined) {
          const { data, shape } = gy.numbers;
          return text().spreads(element('gy', output, shape), short(data[output]), met.length);
        }
        const where = element('gx', Number(pixel), values.gx.shape);
        if (!paths.length) return text().none(where);
        const products = paths.map((path) => [gy.numbers.data[path.output], W.numbers.data[path.weight]]);
        return `${where} = ${sumOfProducts(products, values.gx.data[Number(pixel)])}`;
      };
      lesson.say(`${said()}\n${text().same(values.difference.data[0].toPrecision(1))}`);
    },
  });
}
