// Lines of equal height on a grid of numbers, by marching squares.

/** The sides of a cell that a line crosses, for each pattern of corners above the level: 0 top, 1 right, 2 bottom, 3 left. */
const CROSSED: readonly (readonly [number, number])[][] = [
  [],
  [[3, 0]],
  [[0, 1]],
  [[3, 1]],
  [[1, 2]],
  [
    [3, 0],
    [1, 2],
  ],
  [[0, 2]],
  [[3, 2]],
  [[2, 3]],
  [[0, 2]],
  [
    [0, 1],
    [2, 3],
  ],
  [[1, 2]],
  [[1, 3]],
  [[0, 1]],
  [[0, 3]],
  [],
];

/** As an SVG path, in units of cells. */
export function contour(data: ArrayLike<number>, rows: number, columns: number, level: number): string {
  const at = (row: number, column: number) => data[row * columns + column];
  let path = '';
  for (let row = 0; row < rows - 1; row++)
    for (let column = 0; column < columns - 1; column++) {
      const [a, b, c, d] = [at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)];
      const pattern = Number(a > level) + 2 * Number(b > level) + 4 * Number(c > level) + 8 * Number(d > level);
      const along = (from: number, to: number) => (level - from) / (to - from);
      const point = (side: number): string => {
        const [x, y] = [
          () => [column + along(a, b), row],
          () => [column + 1, row + along(b, c)],
          () => [column + along(d, c), row + 1],
          () => [column, row + along(a, d)],
        ][side]();
        return `${x.toFixed(2)} ${y.toFixed(2)}`;
      };
      for (const [from, to] of CROSSED[pattern]) path += `M${point(from)}L${point(to)}`;
    }
  return path;
}
