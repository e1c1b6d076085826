// The figures of this lesson: their numbers and their Python, which has the picture in small.

import { plan } from '../plan';
import { KERNELS } from './kernels';
import { photo } from './photo';
import singleCode from './single.py?raw';
import stackedCode from './stacked.py?raw';

const x = { shape: [24, 32], values: Array.from(photo(32, 24).data, (value) => Math.round(100 * value) / 100) };
const kernel = (values: readonly number[]) => ({ shape: [3, 3], values });

export const single = plan({
  code: singleCode,
  given: { W: kernel(KERNELS.vertical), x },
  outputs: { y: 2, total: 0 },
});

export const stacked = plan({
  code: stackedCode,
  given: { A: kernel(KERNELS.vertical), B: kernel(KERNELS.horizontal), x },
  outputs: { h: 2, y: 2 },
});
