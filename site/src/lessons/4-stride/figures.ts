// The figures of this lesson: their numbers and their Python.

import { plan } from '../plan';
import { within } from '../sliding';
import padded from './padding.py?raw';
import strided from './stride.py?raw';

const at = { i: { value: 0 }, j: { value: 0 } };

export const padding = plan({
  code: padded,
  given: {
    x: { shape: [4, 4], values: [1, 2, 3, 0, 0, 1, 2, 3, 3, 0, 1, 2, 2, 3, 0, 1] },
    W: { shape: [3, 3], values: [0, 1, 0, 1, 1, 1, 0, 1, 0] },
  },
  knobs: { PH: { value: 1, min: 0, max: 3 }, PW: { value: 1, min: 0, max: 3 }, ...at },
  outputs: { y: 2 },
  settle: within([4, 4], [3, 3]),
});

export const stride = plan({
  code: strided,
  given: {
    x: {
      shape: [7, 8],
      values: [0, 1, 2, 3, 0, 1, 2].flatMap((row) => Array.from({ length: 8 }, (_, i) => (row + i) % 4)),
    },
    W: { shape: [3, 3], values: [1, 0, -1, 2, 0, -2, 1, 0, -1] },
  },
  knobs: { SH: { value: 1, min: 1, max: 7 }, SW: { value: 2, min: 1, max: 8 }, ...at },
  outputs: { y: 2 },
  settle: within([7, 8], [3, 3]),
});
