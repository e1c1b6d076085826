// The figures of this lesson: their numbers and their Python.

import { plan } from '../plan';
import gradientsCode from './gradients.py?raw';
import trainingCode from './training.py?raw';

const keepsShapes = true;

export const gradients = plan({
  code: gradientsCode,
  knobs: {
    depth: { value: 20, min: 2, max: 40, keepsShapes },
    scale: { value: 0.7, min: 0.1, max: 2, step: 0.1, keepsShapes },
  },
  outputs: { plain: 1, residual: 1 },
});

export const training = plan({
  code: trainingCode,
  knobs: { depth: { value: 16, min: 1, max: 30, keepsShapes } },
  outputs: { plain: 1, residual: 1 },
});
