// The convolution sum: the products under the kernel, and what they add up to.

import { texts } from '../language.js';
import { make } from '../views/dom.js';
import { short } from './grid.js';
import { addPlayer } from './player.js';
import { matrix, Sliding } from './sliding.js';
import { Tensor } from './tensor.js';

const CODE = `import pyconvlite.functions as F

# conv2d takes images (N, C, H, W): here one
# with one channel.
image, kernel = x[None, None], W[None, None]
y = F.conv2d(image, kernel)[0, 0]

# What it does at the output pixel (i, j):
KH, KW = W.shape
window = x[i:i + KH, j:j + KW]
products = window * W
total = products.sum()
`;

const text = texts({ products: 'Products at this place' }, { products: 'この位置での積' });

export function startSum() {
  const sliding = new Sliding('sum', {
    code: CODE,
    x: matrix([
      [1, 2, 3, 0],
      [0, 1, 2, 3],
      [3, 0, 1, 2],
      [2, 3, 0, 1],
    ]),
    W: matrix([
      [2, 0, 1],
      [0, 1, 2],
      [1, 0, 2],
    ]),
    outputs: { W: 2, window: 2, products: 2, total: 0 },
  });
  const row = sliding.lesson.row();
  const products = new Tensor(row, { name: 'products', title: () => text().products });
  const equation = make('p', { className: 'equation' });
  row.append(equation);
  addPlayer(sliding.lesson.stage, () => sliding.step());
  sliding.start((values) => {
    products.draw(values?.products ?? { shape: [3, 3], data: null });
    if (!values) return;
    const { window, W, total } = values;
    const terms = Array.from(window.data, (value, i) => `${short(value)}·${factor(W.data[i])}`);
    equation.textContent = `${terms.join(' + ')} = ${short(total.data[0])}`;
  });
}

/** What stands after a dot: a negative number in brackets. @param {number} value */
const factor = (value) => (value < 0 ? `(${short(value)})` : short(value));
