// Which units of a layer another one sees, along one axis.

import type { Knobs } from '../plan';

export interface Level {
  /** How many units there are; pixels, in level 0. */
  count: number;
  /** The middle of its first unit, and how far the next one is, in pixels. */
  start: number;
  step: number;
  /** Of the layer that makes it. */
  kernel: number;
  stride: number;
  dilation: number;
}

export const MOST_LAYERS = 5;
export const WIDEST = 63; // pixels of the row that the layers look at

/** The input and what each layer makes of it. In `knobs` dilation is what each layer multiplies the last one's by. */
export function levelsOf({ width, layers, kernel_size: kernel, stride, dilation }: Knobs): Level[] {
  const levels: Level[] = [{ count: width, start: 0.5, step: 1, kernel: 1, stride: 1, dilation: 1 }];
  for (let layer = 0; layer < layers; layer++) {
    const { count, start, step } = levels[layer];
    const spread = dilation ** layer;
    levels.push({
      count: Math.floor((count - 1 - (kernel - 1) * spread) / stride) + 1,
      start: start + (step * spread * (kernel - 1)) / 2,
      step: step * stride,
      kernel,
      stride,
      dilation: spread,
    });
  }
  return levels;
}

/** The units of the level below that a unit adds up. */
export const inputsOf = ({ kernel, stride, dilation }: Level, unit: number): number[] =>
  Array.from({ length: kernel }, (_, k) => unit * stride + k * dilation);

/** For each level down from a unit's own, which of its units have a share in it. */
export function seenBy(levels: readonly Level[], level: number, unit: number): Set<number>[] {
  const seen: Set<number>[] = [];
  seen[level] = new Set([unit]);
  for (let below = level - 1; below >= 0; below--)
    seen[below] = new Set([...seen[below + 1]].flatMap((each) => inputsOf(levels[below + 1], each)));
  return seen;
}

/** How many pixels wide the field of the last layer's units is. */
export const fieldOf = ({ layers, kernel_size, stride, dilation }: Knobs): number => {
  let [field, step] = [1, 1];
  for (let layer = 0; layer < layers; layer++) {
    field += (kernel_size - 1) * dilation ** layer * step;
    step *= stride;
  }
  return field;
};
