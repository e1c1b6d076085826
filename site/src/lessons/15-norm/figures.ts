// The figures of this lesson: their numbers and their Python.

import { plan } from '../plan';
import batchCode from './batch.py?raw';
import depthCode from './depth.py?raw';
import dropoutCode from './dropout.py?raw';

const keepsShapes = true;

export const depth = plan({
  code: depthCode,
  knobs: { scale: { value: 0.6, min: 0.2, max: 4, step: 0.2, keepsShapes } },
  outputs: { plain: 2, normed: 2 },
});

export const batch = plan({
  code: batchCode,
  given: { x: { shape: [8], values: [4, 6, 5, 9, 7, 5, 8, 4] } },
  knobs: {
    gamma: { value: 1, min: -2, max: 3, step: 0.5, keepsShapes },
    beta: { value: 0, min: -3, max: 3, step: 0.5, keepsShapes },
  },
  outputs: { mean: 0, spread: 0, normed: 1, y: 1 },
});

export const dropout = plan({
  code: dropoutCode,
  given: { x: { shape: [4, 4], values: [1, 2, 1, 3, 2, 4, 1, 2, 3, 1, 2, 2, 1, 3, 1, 4] } },
  knobs: {
    ratio: { value: 0.5, min: 0, max: 0.9, step: 0.1, keepsShapes },
    draw: { value: 1, min: 1, max: 99, keepsShapes },
  },
  outputs: { once: 2, average: 2, test: 2 },
});
