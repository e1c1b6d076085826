// Elements and sums as the sentences below the figures write them, and the size of an output.

import { short } from './grid.js';
import { indices } from './tensor.js';

/** An element as Python names it: `y[0, 1, 1, 2]`. @param {string} name @param {number} index @param {readonly number[]} shape */
export const element = (name, index, shape) => `${name}[${indices(index, shape).join(', ')}]`;

const factor = (/** @type {number} */ value) => (value < 0 ? `(${short(value)})` : short(value));

/** `1 × 2 + 3 × (-1) = -1`. @param {number[][]} products  factors of each @param {number} sum */
export function sumOfProducts(products, sum) {
  const terms = products.map((factors) => factors.map(factor).join(' × '));
  const isPlain = products.length === 1 && products[0].length === 1;
  return isPlain ? short(sum) : `${terms.join(' + ')} = ${short(sum)}`;
}

/**
 * The shape of what comes out of one square image of one channel.
 *
 * @param {number} size  of the image
 * @param {number} kernel  its size
 * @param {number} stride
 * @param {number} [pad]
 */
export function outShape(size, kernel, stride, pad = 0) {
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  return [1, 1, out, out];
}
