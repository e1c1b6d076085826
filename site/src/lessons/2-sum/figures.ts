// The figures of this lesson: their numbers and their Python.

import { plan } from '../plan';
import { within } from '../sliding';
import withBias from './bias.py?raw';
import code from './sum.py?raw';

export const sum = plan({
  code,
  given: {
    x: { shape: [4, 4], values: [1, 2, 3, 0, 0, 1, 2, 3, 3, 0, 1, 2, 2, 3, 0, 1] },
    W: { shape: [3, 3], values: [2, 0, 1, 0, 1, 2, 1, 0, 2] },
  },
  knobs: { i: { value: 0 }, j: { value: 0 } },
  outputs: { y: 2, W: 2, window: 2, products: 2, total: 0 },
  settle: within([4, 4], [3, 3]),
});

/** A kernel for the edge between a bright left and a dark right. */
export const bias = plan({
  code: withBias,
  given: {
    x: { shape: [4, 4], values: [3, 3, 0, 0, 3, 3, 0, 0, 3, 3, 3, 0, 3, 3, 3, 0] },
    W: { shape: [3, 3], values: [1, 0, -1, 2, 0, -2, 1, 0, -1] },
  },
  knobs: { b: { value: -4, min: -1000, max: 1000, step: 'any', keepsShapes: true }, i: { value: 0 }, j: { value: 0 } },
  outputs: { sums: 2, y: 2 },
  settle: within([4, 4], [3, 3]),
});
