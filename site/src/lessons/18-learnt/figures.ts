// The figures of this lesson: their numbers and their Python. All look at one network, which is trained once.

import glyphs from '../glyphs.py?raw';
import network from '../network.py?raw';
import { type Knobs, plan } from '../plan';
import ascentCode from './ascent.py?raw';
import camCode from './cam.py?raw';
import coverCode from './cover.py?raw';
import maximalCode from './maximal.py?raw';
import { CHANNELS, CLASSES } from './network';

const before = `${glyphs}\n${network}`;
const keepsShapes = true;
const steps = { value: 160, min: 0, max: 160, step: 20, keepsShapes };
const digit = (value: number) => ({ value, min: 0, max: 9, keepsShapes });

/** A channel that the layer has. */
function settle(knobs: Knobs): void {
  knobs.channel = Math.min(knobs.channel, CHANNELS[knobs.layer - 1] - 1);
}

export const maximal = plan({
  before,
  code: maximalCode,
  knobs: {
    steps,
    layer: { value: 2, min: 1, max: 2, keepsShapes },
    channel: { value: 7, min: 0, max: 31, keepsShapes },
  },
  outputs: { patches: 3, shown: 3, corners: 2, response: 1, digits: 1, field: 0, right: 0, of: 1 },
  settle,
});

export const ascent = plan({
  before,
  code: ascentCode,
  knobs: {
    layer: { value: CLASSES, min: 1, max: CLASSES, keepsShapes },
    channel: { value: 6, min: 0, max: 31, keepsShapes },
    blur: { value: 0.1, min: 0, max: 1, step: 0.1, keepsShapes },
    decay: { value: 0.05, min: 0, max: 0.3, step: 0.05, keepsShapes },
    frame: { value: 15, min: 0, max: 15, isView: true },
  },
  outputs: { plain: 3, tamed: 3, responses: 2, of: 1 },
  settle,
});

export const cam = plan({
  before,
  code: camCode,
  knobs: { steps, first: digit(5), second: digit(4), digit: digit(5) },
  outputs: { picture: 2, heat: 2, probabilities: 1, of: 1 },
});

export const occlusion = plan({
  before,
  code: `${camCode}\n${coverCode}`,
  knobs: {
    steps: { value: 160 },
    first: digit(5),
    second: digit(4),
    digit: digit(5),
    patch: { value: 4, min: 2, max: 6, keepsShapes },
    top: { value: 2, min: 0, max: 14, keepsShapes },
    left: { value: 2, min: 0, max: 14, keepsShapes },
  },
  outputs: { picture: 2, heat: 2, drop: 2, drops: 1, probabilities: 1, alike: 0, of: 1 },
  settle: (knobs) => {
    for (const name of ['top', 'left']) knobs[name] = Math.max(0, Math.min(knobs[name], 16 - knobs.patch));
  },
});
