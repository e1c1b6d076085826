// The figures of this lesson: their numbers and their Python.

import { type Knobs, plan } from '../plan';
import { fieldOf, levelsOf, MOST_LAYERS, WIDEST } from './cone';
import coneCode from './cone.py?raw';
import growthCode from './growth.py?raw';
import weightCode from './weight.py?raw';

const NARROW = 31; // pixels of the row that the layers look at

/** Fewer layers where the row would get too wide; a unit that is there. */
function settle(knobs: Knobs): void {
  while (fieldOf(knobs) > WIDEST) knobs.layers -= 1;
  knobs.width = Math.max(NARROW, fieldOf(knobs));
  knobs.down = Math.min(knobs.down, knobs.layers - 1);
  knobs.unit = Math.min(knobs.unit, levelsOf(knobs)[knobs.layers - knobs.down].count - 1);
}

export const cone = plan({
  code: coneCode,
  knobs: {
    layers: { value: 3, min: 1, max: MOST_LAYERS },
    kernel_size: { value: 3, min: 2, max: 5 },
    stride: { value: 1, min: 1, max: 2 },
    dilation: { value: 1, min: 1, max: 2 },
    down: { value: 0 }, // layers above the unit's own
    unit: { value: 12 },
    width: { value: NARROW },
  },
  outputs: { ways: 1, of: 1 },
  settle,
});

export const growth = plan({
  code: growthCode,
  knobs: { layers: { value: 3, min: 1, max: 4 } },
  outputs: { plain: 0, strided: 0, dilated: 0 },
});

export const weight = plan({
  code: weightCode,
  knobs: { layers: { value: 6, min: 1, max: 10 } },
  outputs: { share: 2, middle: 1 },
});
