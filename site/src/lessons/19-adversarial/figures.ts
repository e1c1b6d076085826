// The figures of this lesson: their numbers and their Python. The network is trained once for all of them.

import glyphs from '../glyphs.py?raw';
import { plan } from '../plan';
import defenceCode from './defence.py?raw';
import net from './net.py?raw';
import stepCode from './step.py?raw';
import sumCode from './sum.py?raw';
import targetCode from './target.py?raw';

const before = `${glyphs}\n${net}`;
const keepsShapes = true;
const digit = { value: 8, min: 0, max: 9, keepsShapes };

export const step = plan({
  before,
  code: stepCode,
  knobs: { digit, epsilon: { value: 0.1, min: 0, max: 0.3, step: 0.01, keepsShapes } },
  outputs: { picture: 2, step: 2, changed: 2, noise: 2, random: 2, read: 2 },
});

export const sum = plan({
  code: sumCode,
  knobs: { n: { value: 200, min: 1, max: 1000, keepsShapes } },
  outputs: { aimed: 1, random: 1 },
});

export const target = plan({
  before,
  code: targetCode,
  knobs: {
    digit,
    target: { value: 3, min: 0, max: 9, keepsShapes },
    epsilon: { value: 0.15, min: 0.02, max: 0.3, step: 0.01, keepsShapes },
    taken: { value: 2, min: 0, max: 10, isView: true }, // steps that are shown
  },
  outputs: { steps: 3, read: 2 },
});

export const defence = plan({
  before,
  code: defenceCode,
  knobs: { epsilon: { value: 0.15, min: 0.05, max: 0.3, step: 0.05, keepsShapes } },
  outputs: { usual: 1, trained_on: 1, slope: 2, slope_defended: 2 },
});
