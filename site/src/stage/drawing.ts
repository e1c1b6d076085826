// What items paint: grids of numbers, histograms, curves.

import type { Histogram } from '../engine/findings';
import { largest, type Palette } from './palette';
import type { Box } from './scene';
import { short } from './words';

type Context = CanvasRenderingContext2D;

const LEGIBLE = 25; // pixels of a cell that holds a number
const TIGHT = 36; // and of one that has no room for the 0 before the point

/** A frame around a part of a picture of rows x columns. */
export function frame(
  c: Context,
  box: Box,
  [top, left, height, width]: number[],
  [rows, columns]: number[],
  colour: string,
) {
  const [sx, sy] = [box.w / columns, box.h / rows];
  c.strokeStyle = colour;
  c.lineWidth = 2;
  c.strokeRect(box.x + left * sx - 1, box.y + top * sy - 1, width * sx + 2, height * sy + 2);
}

export interface Grid {
  rows: number;
  columns: number;
  data: ArrayLike<number>;
  /** The size of a value that gets the whole colour. */
  full?: number;
  /** An index to mark. */
  taken?: number;
}

/** Numbers in coloured cells; colours alone where the cells are small. */
export function grid(
  c: Context,
  box: Box,
  { rows, columns, data, full = largest(data), taken = -1 }: Grid,
  palette: Palette,
) {
  const [w, h] = [box.w / columns, box.h / rows];
  const gap = Math.min(w, h) > 8 ? 1 : 0;
  const legible = Math.min(w, h) >= LEGIBLE;
  const isTight = w < TIGHT;
  c.fillStyle = palette.raised;
  c.fillRect(box.x, box.y, box.w, box.h);
  const alpha = c.globalAlpha;
  for (let i = 0; i < rows * columns; i++) {
    const [x, y] = [box.x + (i % columns) * w, box.y + Math.floor(i / columns) * h];
    const value = data[i];
    c.globalAlpha = alpha * Math.min(1, Math.abs(value) / full || 0) * (legible ? 0.5 : 1); // numbers are read on it
    c.fillStyle = value > 0 ? palette.plus : palette.minus;
    c.fillRect(x, y, w - gap, h - gap);
    c.globalAlpha = alpha;
    if (legible) {
      c.fillStyle = palette.text;
      c.font = `${Math.min(13, isTight ? w / 2.8 : w / 3.6)}px ${palette.mono}`;
      c.textAlign = 'center';
      c.textBaseline = 'middle';
      c.fillText(isTight ? short(value).replace(/^(−?)0\./, '$1.') : short(value), x + w / 2, y + h / 2 + 1, w - 2);
    }
    if (i === taken) {
      c.strokeStyle = palette.text;
      c.lineWidth = 2;
      c.strokeRect(x + 1, y + 1, w - gap - 2, h - gap - 2);
    }
  }
}

/** How often which values occur: more than 0 blue, less orange. */
export function histogram(c: Context, { x, y, w, h }: Box, { low, high, counts }: Histogram, palette: Palette) {
  const most = Math.sqrt(Math.max(...counts, 1));
  const bin = (high - low) / counts.length || 1;
  counts.forEach((count, i) => {
    const height = (Math.sqrt(count) / most) * (h - 1);
    c.fillStyle = low + (i + 0.5) * bin >= 0 ? palette.plus : palette.minus;
    c.fillRect(x + (i * w) / counts.length, y + h - 1 - height, Math.max(0.75, w / counts.length - 0.5), height);
  });
  c.fillStyle = palette.line;
  c.fillRect(x, y + h - 1, w, 1);
}

/** Weights before training, filled, and now, as a line on the same scale. */
export function change(c: Context, box: Box, before: Histogram, now: Histogram, palette: Palette) {
  const most = Math.max(...before.counts, ...now.counts, 1);
  const stairs = (counts: number[]) => {
    const step = box.w / counts.length;
    c.beginPath();
    c.moveTo(box.x, box.y + box.h);
    counts.forEach((count, i) => {
      const y = box.y + box.h * (1 - count / most);
      c.lineTo(box.x + i * step, y);
      c.lineTo(box.x + (i + 1) * step, y);
    });
    c.lineTo(box.x + box.w, box.y + box.h);
  };
  stairs(before.counts);
  c.fillStyle = palette.line;
  c.fill();
  stairs(now.counts);
  c.strokeStyle = palette.text;
  c.lineWidth = 1.25;
  c.stroke();
}

/** Whole powers of ten around the positive ones of some values. */
export function decades(values: (number | undefined)[]): [number, number] {
  const known = values.filter(
    (value): value is number => Boolean(value) && Number.isFinite(value) && Number(value) > 0,
  );
  if (!known.length) return [-1, 0];
  const low = Math.floor(Math.log10(Math.min(...known)));
  return [low, Math.max(low + 1, Math.ceil(Math.log10(Math.max(...known))))];
}

/** A curve over time on a logarithmic axis; what is no positive number leaves a gap. */
export function curve(
  c: Context,
  { x, y, w, h }: Box,
  times: number[],
  values: (number | undefined)[],
  [low, high]: [number, number],
  colour: string,
  width = 1.25,
) {
  const [first, last] = [times[0] ?? 0, times[times.length - 1] ?? 0];
  c.beginPath();
  let open = false;
  values.forEach((value, i) => {
    if (!value || !Number.isFinite(value)) {
      open = false;
      return;
    }
    const at = last > first ? (times[i] - first) / (last - first) : 1;
    const [px, py] = [x + at * w, y + h * (1 - (Math.log10(value) - low) / (high - low))];
    if (open) c.lineTo(px, py);
    else c.moveTo(values.length === 1 ? x : px, py);
    if (values.length === 1) c.lineTo(px, py);
    open = true;
  });
  c.strokeStyle = colour;
  c.lineWidth = width;
  c.stroke();
}

/** Histograms side by side, oldest first, on one scale; the lighter, the denser. */
export function course(c: Context, { x, y, w, h }: Box, histograms: Histogram[], palette: Palette) {
  const ends = histograms.flatMap(({ low, high }) => [low, high]).filter(Number.isFinite);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  c.fillStyle = palette.raised;
  c.fillRect(x, y, w, h);
  const step = w / Math.max(1, histograms.length);
  const alpha = c.globalAlpha;
  histograms.forEach(({ low: from, high: to, counts }, i) => {
    const all = counts.reduce((sum, count) => sum + count, 0);
    const bin = (to - from) / counts.length;
    counts.forEach((count, j) => {
      if (!count || !(high > low)) return;
      const value = from + (j + 0.5) * bin;
      c.globalAlpha = alpha * Math.sqrt(count / all);
      c.fillStyle = value >= 0 ? palette.plus : palette.minus;
      const height = Math.max(1, (bin / (high - low)) * h);
      c.fillRect(x + i * step, y + h * (1 - (value - low) / (high - low)) - height / 2, step + 0.5, height);
    });
  });
  c.globalAlpha = alpha;
}

/** A plane that maps lie on. */
export function plane(c: Context, { x, y, w, h }: Box, palette: Palette) {
  c.beginPath();
  c.roundRect(x, y, w, h, 5);
  c.fillStyle = palette.raised;
  c.fill();
}
