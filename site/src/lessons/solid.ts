// Blocks of cells in a slanting view: rows go down, columns to the right, depth to the back.

const [BACK_X, BACK_Y] = [0.45, -0.35]; // of a cell's edge, for one cell of depth

/** Along depth, rows, columns. */
export type Triple = readonly [number, number, number];

/** The last three axes of a shape; those that it lacks are 1. */
export const triple = (shape: readonly number[]): Triple => [1, 1, 1, ...shape].slice(-3) as unknown as Triple;

/** Where a corner is in the drawing, for cells of that size. */
export const project = (cell: number, [depth, row, column]: Triple): [number, number] => [
  cell * (column + depth * BACK_X),
  cell * (row + depth * BACK_Y),
];

/** Points of a polygon or a polyline. */
export const points = (cell: number, first: Triple, corners: readonly Triple[]): string =>
  corners.map(([d, r, c]) => project(cell, [first[0] + d, first[1] + r, first[2] + c]).join(',')).join(' ');

/** Corners of the three faces that are seen. */
export const faces = ([depth, rows, columns]: Triple): Record<'front' | 'top' | 'side', Triple[]> => ({
  front: [
    [0, 0, 0],
    [0, 0, columns],
    [0, rows, columns],
    [0, rows, 0],
  ],
  top: [
    [0, 0, 0],
    [depth, 0, 0],
    [depth, 0, columns],
    [0, 0, columns],
  ],
  side: [
    [0, 0, columns],
    [depth, 0, columns],
    [depth, rows, columns],
    [0, rows, columns],
  ],
});

/** Lines between the cells. */
export function edges([depth, rows, columns]: Triple): Triple[][] {
  const inner = (n: number) => Array.from({ length: Math.max(0, Math.ceil(n) - 1) }, (_, i) => i + 1);
  return [
    ...inner(depth).map((d): Triple[] => [
      [d, 0, 0],
      [d, 0, columns],
      [d, rows, columns],
    ]),
    ...inner(rows).map((r): Triple[] => [
      [0, r, 0],
      [0, r, columns],
      [depth, r, columns],
    ]),
    ...inner(columns).map((c): Triple[] => [
      [depth, 0, c],
      [0, 0, c],
      [0, rows, c],
    ]),
  ];
}

/** Width and height of a block's drawing, and how far its front's upper edge is from the top. */
export function bounds([depth, rows, columns]: Triple, cell: number): { width: number; height: number; rise: number } {
  const rise = -depth * BACK_Y * cell;
  return { width: cell * (columns + depth * BACK_X), height: rows * cell + rise, rise };
}
