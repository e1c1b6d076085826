// The figures of the lesson on the way back: their numbers and their Python.

import { outLength } from '../arrays';
import { type Knobs, plan } from '../plan';
import adjointCode from './adjoint.py?raw';
import flowCode from './flow.py?raw';
import routingCode from './routing.py?raw';
import secondCode from './second.py?raw';
import weightsCode from './weights.py?raw';

/** The shape of what comes out of one square image of one channel. */
const outShape =
  (length: number, kernel: number | 'kernel_size') =>
  ({ kernel_size, stride, pad = 0 }: Knobs) => {
    const out = outLength(length, kernel === 'kernel_size' ? kernel_size : kernel, stride, pad);
    return [1, 1, out, out];
  };

export const flow = plan({
  code: flowCode,
  given: {
    gy: { shape: outShape(5, 3), values: [0, 0, 0, 0, 1, 0, 0, 0, 0] },
    W: { shape: [1, 1, 3, 3], values: [1, 2, 1, 0, 3, 0, -1, -2, -1] },
  },
  knobs: {
    stride: { value: 1, min: 1, max: 3 },
    pad: { value: 0, min: 0, max: 1 },
  },
  outputs: { gx: 4, source: 2, difference: 0 },
});

export const adjoint = plan({
  code: adjointCode,
  given: {
    x: { shape: [1, 1, 3, 3], values: [1, 2, 0, 3, 1, 1, 0, 2, 1] },
    W: { shape: [1, 1, 2, 2], values: [1, 2, 3, -1] },
    gy: { shape: [1, 1, 2, 2], values: [2, 1, 0, 1] },
  },
  outputs: { y: 4, back: 4, left: 0, right: 0, A: 2, B: 2 },
});

export const weights = plan({
  code: weightsCode,
  given: {
    x: { shape: [1, 1, 5, 5], values: [1, 0, 2, 1, 0, 3, 1, 0, 2, 1, 0, 2, 4, 0, 1, 1, 0, 1, 3, 2, 2, 1, 0, 1, 0] },
    gy: { shape: outShape(5, 3), values: [1, 0, -1, 2, 0, 1, 0, 1, 0] },
  },
  knobs: {
    stride: { value: 1, min: 1, max: 3 },
    pad: { value: 0, min: 0, max: 1 },
  },
  outputs: { gW: 4, source: 2, difference: 0 },
});

export const routing = plan({
  code: routingCode,
  given: {
    x: { shape: [1, 1, 4, 4], values: [1, 5, 2, 0, 3, 4, 7, 1, 0, 2, 6, 8, 9, 1, 3, 5] },
    gy: { shape: outShape(4, 'kernel_size'), values: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
  },
  knobs: {
    kernel_size: { value: 2, min: 1, max: 4 },
    stride: { value: 2, min: 1, max: 4 },
  },
  outputs: { y: 4, index: 4, gx: 4, spread: 4, source: 2 },
});

export const second = plan({
  code: secondCode,
  given: {
    x: { shape: [1, 1, 4, 4], values: [1, 0, 2, 1, 0, 1, 1, -1, 2, 1, 0, 0, 1, -1, 1, 2] },
    W: { shape: [1, 1, 2, 2], values: [1, -1, 0.5, 2] },
  },
  knobs: {
    digits: { value: 4, min: 1, max: 12 },
  },
  outputs: { gx: 4, gW: 4, numeric: 4, errors: 1 },
});
