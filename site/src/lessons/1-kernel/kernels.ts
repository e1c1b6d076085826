// Kernels of nine numbers that have a name.

export const NAMES = ['left', 'top', 'point', 'blur'] as const;

export type Name = (typeof NAMES)[number];

export const KERNELS: Record<Name, readonly number[]> = {
  left: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  top: [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  point: [-1, -1, -1, -1, 8, -1, -1, -1, -1],
  blur: [1, 2, 1, 2, 4, 2, 1, 2, 1],
};
