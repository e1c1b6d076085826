// The figure of this lesson: its numbers and its Python.

import { plan } from '../plan';
import code from './outsize.py?raw';

/** Anything may be typed: the figure tells what cannot be. */
const any = (value: number) => ({ value, step: 'any' }) as const;

export const outsize = plan({
  code,
  knobs: {
    H: any(7),
    KH: any(3),
    SH: any(2),
    PH: any(0),
    W: any(12),
    KW: any(3),
    SW: any(2),
    PW: any(0),
  },
  outputs: { OH: 0, OW: 0 },
});
