// The figure of this lesson: its numbers and its Python.

import { plan } from '../plan';
import code from './network.py?raw';

const knob = (value: number, min: number, max: number) => ({ value, min, max, keepsShapes: true }) as const;

export const network = plan({
  code,
  knobs: {
    C: knob(1, 1, 16),
    H: knob(28, 1, 64),
    W: knob(28, 1, 64),
    K: knob(5, 1, 15),
    P: knob(2, 0, 7),
    OC1: knob(16, 1, 64),
    OC2: knob(32, 1, 64),
  },
  outputs: { names: 'text', sizes: 2, weights: 1 },
});
