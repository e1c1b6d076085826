// The figures of the lesson on im2col: their numbers and their Python.

import { plan } from '../plan';
import addBackCode from './add-back.py?raw';
import foldCode from './fold.py?raw';
import memoryCode from './memory.py?raw';
import poolRowsCode from './pool-rows.py?raw';
import productCode from './product.py?raw';
import tapsCode from './taps.py?raw';
import unfoldCode from './unfold.py?raw';

export const unfold = plan({
  code: unfoldCode,
  given: {
    x: { shape: [1, 2, 4, 4], values: Array.from({ length: 32 }, (_, i) => (i < 16 ? i : 15 - i)) },
  },
  knobs: {
    kernel_size: { value: 2, min: 1, max: 6 },
    stride: { value: 1, min: 1, max: 4 },
    pad: { value: 0, min: 0, max: 2 },
  },
  outputs: { col: 2, source: 2 },
});

export const product = plan({
  code: productCode,
  given: {
    x: {
      shape: [1, 2, 4, 4],
      values: [1, 2, 0, 1, 0, 3, 1, 2, 2, 1, 0, 1, 1, 0, 2, 3, 0, 1, 2, 0, 1, 1, 0, 2, 3, 0, 1, 1, 0, 2, 1, 0],
    },
    W: { shape: [2, 2, 2, 2], values: [1, 0, -1, 2, 0, 1, 1, -1, 2, -1, 0, 1, 1, 1, -2, 0] },
  },
  knobs: {
    stride: { value: 1, min: 1, max: 3 },
    pad: { value: 0, min: 0, max: 1 },
  },
  outputs: { col: 2, kernels: 2, t: 2, y: 4, source: 2 },
});

/** Tens count positions, ones count channels. */
const POSITIONS = Array.from({ length: 24 }, (_, i) => 10 * (Math.floor(i / 3) + 1) + (i % 3) + 1);

export const fold = plan({
  code: foldCode,
  given: {
    t: { shape: [8, 3], values: POSITIONS },
  },
  outputs: { a: 4, y: 4, steps: 1, wrong: 4 },
});

export const taps = plan({
  code: tapsCode,
  given: {
    x: { shape: [1, 1, 4, 4], values: Array.from({ length: 16 }, (_, i) => i) },
  },
  knobs: {
    kernel_size: { value: 2, min: 1, max: 4 },
    stride: { value: 1, min: 1, max: 3 },
    pad: { value: 0, min: 0, max: 1 },
  },
  outputs: { six: 6, col: 2, source: 2 },
});

export const poolRows = plan({
  code: poolRowsCode,
  given: {
    x: {
      shape: [1, 2, 4, 4],
      values: [1, 5, 2, 0, 3, 4, 7, 1, 0, 2, 6, 8, 9, 1, 3, 5, -1, 0, 4, 2, -3, -2, 1, 3, 8, 6, 0, -4, 7, 5, -1, -2],
    },
  },
  knobs: {
    kernel_size: { value: 2, min: 1, max: 4 },
    stride: { value: 2, min: 1, max: 4 },
  },
  outputs: { rows: 2, most: 2, y: 4, source: 2 },
});

export const addBack = plan({
  code: addBackCode,
  given: {
    x: { shape: [1, 1, 4, 4], values: Array.from({ length: 16 }, (_, i) => i + 1) },
  },
  knobs: {
    kernel_size: { value: 2, min: 1, max: 4 },
    stride: { value: 1, min: 1, max: 4 },
    pad: { value: 0, min: 0, max: 1 },
  },
  outputs: { col: 2, back: 4, times: 4, source: 2 },
});

export const memory = plan({
  code: memoryCode,
  knobs: {
    N: { value: 32, min: 1, max: 4096 },
    C: { value: 64, min: 1, max: 4096 },
    H: { value: 224, min: 1, max: 4096 },
    W: { value: 224, min: 1, max: 4096 },
    K: { value: 3, min: 1, max: 64 },
    stride: { value: 1, min: 1, max: 64 },
    pad: { value: 1, min: 0, max: 64 },
  },
  outputs: { images: 0, columns: 0, OH: 0, OW: 0 },
});
