// Pictures as few paths: cells of about the same magnitude together.

import type { Numbers } from '../arrays';

const LEVELS = 12;

export interface Ink {
  sign: 'plus' | 'minus';
  /** From 0 to 1. */
  opacity: number;
  d: string;
}

/**
 * @param scale  the magnitude with the fullest colour
 * @param inset  share of a cell that is left free at each side
 */
export function inkOf({ shape, data }: Numbers, scale: number, inset = 0): Ink[] {
  const columns = shape[1];
  const side = 1 - 2 * inset;
  const paths = new Map<number, string[]>();
  for (let index = 0; index < data.length; index++) {
    const share = scale ? Math.max(-1, Math.min(1, data[index] / scale)) : 0;
    const level = Math.round(share * LEVELS);
    if (!level) continue;
    const cell = `M${(index % columns) + inset} ${Math.floor(index / columns) + inset}h${side}v${side}h-${side}z`;
    paths.set(level, [...(paths.get(level) ?? []), cell]);
  }
  return [...paths].map(([level, cells]) => ({
    sign: level < 0 ? 'minus' : 'plus',
    opacity: Number((Math.abs(level) / LEVELS).toFixed(2)),
    d: cells.join(''),
  }));
}
