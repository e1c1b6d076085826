// The most that a core can do: what the loop on registers reaches, wherever other programs leave it alone.

/** What a kernel reached with SIMD, null where it does not serve, and with NumPy. */
export interface Pair {
  simd: number | null;
  numpy: number;
  /** As it was at that time. */
  ceiling?: number | null;
}

/**
 * The ceiling, once a kernel was measured under it.
 *
 * Other programs take some of a core now and then, from the loop too, so the highest that was seen counts. A matrix
 * product does all its multiplications: one that is faster than the loop shows what the loop could have reached. A
 * convolution by Winograd's algorithm shows nothing of the kind.
 */
export const raised = (ceiling: number, kernel: string, { simd, ceiling: seen }: Pair): number =>
  Math.max(ceiling, seen ?? 0, kernel === 'product' ? (simd ?? 0) : 0);

/** A kernel's share of the ceiling; null where there is none to compare it with. */
export const shareOf = ({ simd }: Pair, ceiling: number): number | null => (simd && ceiling ? simd / ceiling : null);
