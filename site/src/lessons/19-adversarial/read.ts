// What the network reads.

import { type Numbers, partOf } from '../arrays';

export interface Reading {
  /** In per cent. */
  shares: number[];
  /** The most probable digit, and how probable it is. */
  digit: number;
  sure: string;
}

/** A row of probabilities. */
export function readingOf(all: Numbers, row: number): Reading {
  const shares = Array.from(partOf(all, row).data, (share) => 100 * share);
  const most = Math.max(...shares);
  return { shares, digit: shares.indexOf(most), sure: most.toFixed(0) };
}
