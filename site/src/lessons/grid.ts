// What a grid shows beside its numbers.

/** Of cells. */
export interface Area {
  row: number;
  column: number;
  rows: number;
  columns: number;
}

/** Classes of a cell: window, target, faint, used; pad, which nobody changes. */
export type Mark = (index: number) => string;

/** Marks of a grid; cells marked as a window that fill a rectangle have one frame around all. */
export function framed(rows: number, columns: number, mark: Mark): { mark: Mark; frame: Area | null } {
  const marks = Array.from({ length: rows * columns }, (_, index) => mark(index));
  const inside = marks.flatMap((classes, index) => (classes.includes('window') ? [index] : []));
  const [top, bottom] = [inside[0], inside.at(-1) ?? 0].map((index) => Math.floor(index / columns));
  const across = inside.map((index) => index % columns);
  const [left, right] = [Math.min(...across), Math.max(...across)];
  const frame = { row: top, column: left, rows: bottom - top + 1, columns: right - left + 1 };
  const fills = inside.length > 0 && frame.rows * frame.columns === inside.length;
  return {
    mark: (index) => (fills ? marks[index].replace('window', 'framed') : marks[index]),
    frame: fills ? frame : null,
  };
}
