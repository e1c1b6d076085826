// The figures of this lesson: their numbers and their Python.

import type { Knobs } from '../plan';
import { plan } from '../plan';
import { within } from '../sliding';
import withBatch from './batch.py?raw';
import withBiases from './biases.py?raw';
import withChannels from './channels.py?raw';
import withKernels from './kernels.py?raw';
import { CHANNELS, IMAGE, KERNEL, OUT } from './layer';

const RED = [3, 3, 0, 0, 3, 3, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3];
const GREEN = [0, 0, 1, 3, 0, 1, 3, 3, 2, 3, 3, 1, 3, 3, 1, 0];
const BLUE = [0, 1, 3, 3, 1, 2, 3, 3, 0, 0, 1, 2, 0, 0, 0, 1];

/** A picture in colour and one kernel as deep. */
export const channels = plan({
  code: withChannels,
  given: {
    x: { shape: [3, 4, 4], values: [...RED, ...GREEN, ...BLUE] },
    W: {
      shape: [3, 3, 3],
      values: [1, 0, -1, 1, 0, -1, 1, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 0, 1, -1, 0, 1, -1, 0, 1],
    },
  },
  knobs: { d: { value: 0 }, i: { value: 0 }, j: { value: 0 } },
  outputs: { y: 3, shares: 1, total: 0 },
  settle: within([3, 4, 4], [3, 3, 3]),
});

const PIXELS = [
  ...[1, 0, 2, 3, 1, 0, 0, 2, 1, 0, 1, 1, 2, 0, 3, 1, 1, 0, 2, 1, 0, 0, 3, 1, 1, 0, 2],
  ...[0, 3, 1, 1, 2, 2, 3, 0, 1, 2, 0, 1, 1, 1, 0, 0, 2, 3, 1, 2, 2, 0, 1, 3, 0, 1, 1],
];

const WEIGHTS = [
  ...[1, 0, 0, -1, 0, 1, 1, 0, 2, 0, -1, 1],
  ...[-1, 1, -1, 1, 1, 0, 0, 2, 0, 0, 1, -1],
  ...[0, 1, 2, 0, -1, 0, 0, 1, 1, 1, 0, 0],
  ...[2, -1, 0, 0, 0, 1, 0, -1, 0, 1, 1, 0],
];

/** The output that is pointed at: image, channel, row, column. */
const PLACE = { n: { value: 0 }, oc: { value: 0 }, i: { value: 0 }, j: { value: 0 } };

const COUNT = { value: 2, min: 1, max: 4 };

const x = { shape: IMAGE, values: PIXELS };
const kernelsOf = ({ OC = 2 }: Knobs) => [OC, CHANNELS, KERNEL, KERNEL];
const W = { shape: kernelsOf, values: WEIGHTS };
const b = { shape: ({ OC = 2 }: Knobs) => [OC], values: [5, -3, 0, 10] };

/** Keeps the place within the output. */
function settle(knobs: Knobs): void {
  const { N = 1, OC = 2 } = knobs;
  Object.entries({ n: N, oc: OC, i: OUT, j: OUT }).forEach(([name, count]) => {
    knobs[name] = Math.max(0, Math.min(knobs[name], count - 1));
  });
}

export const kernels = plan({
  code: withKernels,
  given: { x, W },
  knobs: { OC: COUNT, ...PLACE },
  outputs: { y: 3 },
  settle,
});

export const biases = plan({
  code: withBiases,
  given: { x, W, b },
  knobs: { OC: COUNT, ...PLACE },
  outputs: { y: 3, sums: 3, b: 1 },
  settle,
});

export const batch = plan({
  code: withBatch,
  given: { x: { shape: ({ N }: Knobs) => [N, ...IMAGE], values: PIXELS }, W, b },
  knobs: { N: COUNT, ...PLACE },
  outputs: { y: 4, difference: 0 },
  settle,
});
