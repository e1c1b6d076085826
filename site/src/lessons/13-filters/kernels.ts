// Kernels of nine numbers to begin with.

export const KERNELS = {
  vertical: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  horizontal: [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  diagonal: [-2, -1, 0, -1, 0, 1, 0, 1, 2],
  outline: [-1, -1, -1, -1, 8, -1, -1, -1, -1],
  blur: [1, 2, 1, 2, 4, 2, 1, 2, 1],
} as const;

export type Name = keyof typeof KERNELS;

export const NAMES = Object.keys(KERNELS) as Name[];
