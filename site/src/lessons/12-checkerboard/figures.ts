// The figures of this lesson: their numbers and their Python.

import { plan } from '../plan';
import backwardCode from './backward.py?raw';
import curesCode from './cures.py?raw';
import stampsCode from './stamps.py?raw';

export const stamps = plan({
  code: stampsCode,
  knobs: { K: { value: 3, min: 1, max: 6 }, stride: { value: 2, min: 1, max: 3 } },
  outputs: { times: 2 },
});

/** A soft spot, to be enlarged. */
const SPOT = Array.from({ length: 64 }, (_, i) => {
  const [row, column] = [Math.floor(i / 8) - 3.2, (i % 8) - 3.8];
  return Math.round(100 * Math.exp(-(row * row + column * column) / 7)) / 100;
});

export const cures = plan({
  code: curesCode,
  given: { x: { shape: [8, 8], values: SPOT } },
  knobs: { K: { value: 3, min: 2, max: 6 } },
  outputs: { stamped: 2, resized: 2 },
});

export const backward = plan({
  code: backwardCode,
  knobs: { K: { value: 3, min: 1, max: 5 }, stride: { value: 2, min: 1, max: 3 } },
  outputs: { gx: 2 },
});
