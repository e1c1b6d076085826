// The figures of this lesson: their numbers and their Python.

import { plan } from '../plan';
import { within } from '../sliding';
import inOne from './one.py?raw';
import inThree from './three.py?raw';
import inTwo from './two.py?raw';

export const one = plan({
  code: inOne,
  given: { x: { shape: [8], values: [2, 0, 1, 3, 1, 0, 2, 1] }, W: { shape: [3], values: [1, 2, -1] } },
  knobs: { j: { value: 0 } },
  outputs: { y: 1 },
  settle: within([8], [3]),
});

export const two = plan({
  code: inTwo,
  given: {
    x: { shape: [4, 4], values: [1, 0, 2, 1, 3, 1, 0, 2, 0, 2, 1, 1, 1, 0, 3, 2] },
    W: { shape: [2, 2], values: [1, -1, 2, 0] },
  },
  knobs: { i: { value: 0 }, j: { value: 0 } },
  outputs: { y: 2 },
  settle: within([4, 4], [2, 2]),
});

export const three = plan({
  code: inThree,
  given: {
    x: { shape: [3, 3, 3], values: Array.from({ length: 27 }, (_, i) => (i * 5) % 4) },
    W: { shape: [2, 2, 2], values: [1, 0, 0, -1, 0, 1, 2, 0] },
  },
  knobs: { d: { value: 0 }, i: { value: 0 }, j: { value: 0 } },
  outputs: { y: 3 },
  settle: within([3, 3, 3], [2, 2, 2]),
});
