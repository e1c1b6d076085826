// The figures of this lesson: their numbers and their Python.

import { plan } from '../plan';
import augmentCode from './augment.py?raw';
import fitCode from './fit.py?raw';
import { FONT } from './font';

const keepsShapes = true;

export const fit = plan({
  code: fitCode,
  given: {
    x: { shape: [10], values: [-1, -0.8, -0.55, -0.35, -0.1, 0.1, 0.3, 0.55, 0.8, 1] },
    t: { shape: [10], values: [0.1, -0.9, -0.8, -1.1, -0.1, 0.1, 1, 0.8, 0.9, -0.1] },
  },
  knobs: { degree: { value: 9, min: 0, max: 9, keepsShapes } },
  outputs: { truth: 1, curve: 1, seen: 1, unseen: 1 },
});

export const augment = plan({
  code: augmentCode,
  given: { font: { shape: [70, 5], values: FONT } },
  knobs: { by: { value: 0, min: 0, max: 3, keepsShapes } },
  outputs: { seen: 1, unseen: 1, trained: 2, tested: 2 },
});
