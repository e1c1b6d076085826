// The figures of the lesson on learning rates: one descent, with other knobs to turn.

import { plan } from '../plan';
import code from './descent.py?raw';

const STEPS = 24;

const given = {
  x: { shape: [5], values: [-0.5, 0.5, 1, 2, 2.5] },
  t: { shape: [5], values: [-0.2, 1.1, 0.9, 2.2, 2.2] },
  start: { shape: [2], values: [-0.9, 2.6] },
};
const outputs = { path: 2, losses: 1, ground: 2 } as const;

export const slow = plan({
  code,
  given,
  knobs: {
    rate: { value: 0.06 },
    momentum: { value: 0 },
    steps: { value: STEPS },
    taken: { value: 0, min: 0, max: STEPS, isView: true },
  },
  outputs,
});

export const rate = plan({
  code,
  given,
  knobs: {
    rate: { value: 0.1, min: 0.01, max: 0.5, step: 0.01, keepsShapes: true },
    momentum: { value: 0 },
    steps: { value: 30 },
  },
  outputs,
});

export const momentum = plan({
  code,
  given,
  knobs: {
    rate: { value: 0.05 },
    momentum: { value: 0.7, min: 0, max: 0.95, step: 0.05, keepsShapes: true },
    steps: { value: 40 },
  },
  outputs,
});
