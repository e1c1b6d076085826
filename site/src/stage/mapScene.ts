// A map and what it is made of: each slice of its kernel beside the map of the input that it is applied to, what the
// two give, and their sum. Where there are no weights: the map of the input, and the map.

import type { Detail, Picture } from '../engine/findings';
import { frame } from './drawing';
import type { Shown } from './overview';
import { NARROW } from './overview';
import { largest, type Palette } from './palette';
import type { Place } from './place';
import { type Box, caption, type Item, mapKey, type Scene, scene } from './scene';
import { Sheet } from './sheet';
import { mapTitle, number, text } from './words';

export type MapPlace = Extract<Place, { view: 'map' }>;

/** Where one looks: a pixel of the map, with how it came about. */
export interface Probe {
  row: number;
  column: number;
  detail: Detail;
}

export function mapScene(shown: Shown, place: MapPlace, probe: Probe | null): Scene {
  const { width } = shown;
  const narrow = width < NARROW;
  const big = narrow ? 200 : width < 1000 ? 200 : 300;
  const made = scene(width, 0, mapKey(place.stage, place.channel));
  const { weights, parts, bias } = probe?.detail ?? {};
  const cells = weights ? (parts ? 3 : 2) : 1;
  const between = 110; // room for the sign
  const room = narrow ? { w: width - 8, h: 460 } : { w: width - big - between - 48, h: 440 };
  const lay = arrange(weights?.shape[0] ?? shown.report.stages[place.stage].sources.length, cells, room);
  const block = { w: lay.columns * lay.pitch - APART, h: lay.rows * lay.line - BELOW };
  if (narrow) {
    sources(made, shown, place, probe, cells, lay, { x: (width - block.w) / 2, y: 30 });
    const y = 30 + block.h + 6;
    const sign = cells === 1 ? `↓ ${text().kind(shown.report.stages[place.stage].kind)}` : sumSign(bias, '↓');
    made.labels.push({ key: 'sign', x: 4, y, w: width - 8, text: sign, kind: 'sign', align: 'center' });
    output(made, shown, place, probe, { x: (width - big) / 2, y: y + 66, w: big, h: big });
    made.height = y + 66 + big + 16;
    return made;
  }
  const high = Math.max(block.h, big, 300);
  const x = (width - block.w - between - big) / 2;
  const middle = 48 + high / 2;
  sources(made, shown, place, probe, cells, lay, { x, y: middle - block.h / 2 });
  const sign = { key: 'sign', x: x + block.w, y: middle - 18, w: between, kind: 'sign', align: 'center' } as const;
  made.labels.push({ ...sign, text: sumSign(undefined, '→', bias !== undefined) });
  if (bias !== undefined) {
    made.labels.push({ ...sign, key: 'bias', y: middle + 22, text: `+ ${text().bias(number(bias))}`, kind: 'hint' });
  }
  output(made, shown, place, probe, { x: width - x - big, y: middle - big / 2, w: big, h: big });
  made.height = high + 64;
  return made;
}

/** What makes the map of what lies before it. */
const sumSign = (bias: number | undefined, arrow: string, sums = bias !== undefined) =>
  sums ? (bias === undefined ? `Σ ${arrow}` : `${arrow} Σ + ${text().bias(number(bias))}`) : arrow;

/** The map itself, whose pixels can be chosen. */
function output(made: Scene, { report, maps, palette }: Shown, place: MapPlace, probe: Probe | null, box: Box) {
  const { stage, channel } = place;
  const each = report.stages[stage];
  const [, rows, columns] = each.maps.shape;
  const units = rows * columns === 1;
  const at = units
    ? { ...box, x: box.x + box.w / 2 - 40, y: box.y + box.h / 2 - 40, w: 80, h: 80 }
    : { ...box, h: (box.w * rows) / columns };
  made.items.push({
    key: mapKey(stage, channel),
    box: at,
    paint: onPlate(palette, (c, where) => {
      maps[stage].draw(c, channel, where);
      if (probe && !units) frame(c, where, [probe.row, probe.column, 1, 1], [rows, columns], palette.text);
    }),
  });
  made.labels.push({
    key: 'title',
    x: box.x - 20, // a unit is narrower than its name
    y: at.y - 28,
    w: box.w + 40,
    text: mapTitle(each, channel),
    kind: 'title',
    align: 'center',
  });
  const [row, column] = [probe?.row ?? 0, probe?.column ?? 0];
  made.groups.output = mapTitle(each, channel);
  const value = number(each.maps.data[(channel * rows + row) * columns + column]);
  made.choices.push({
    key: mapKey(stage, channel),
    box: at,
    group: 'output',
    label: units ? text().unitIs(value) : text().pixelIs(row + 1, column + 1, value),
    to: { view: 'pixel', stage, channel, row, column, slice: null },
    pixels: { rows, columns },
  });
}

/** What the map is made of. @param cells  of each row: input, kernel, what they give */
function sources(
  made: Scene,
  shown: Shown,
  place: MapPlace,
  probe: Probe | null,
  cells: number,
  { tile, columns, rows, pitch, line }: ReturnType<typeof arrange>,
  corner: Pick<Box, 'x' | 'y'>,
) {
  const { report, palette } = shown;
  const each = report.stages[place.stage];
  const detail = probe?.detail;
  const { sums = [], weights } = detail ?? {};
  const kernels = weights && new Sheet(weights, palette);
  const parts = detail?.parts && new Sheet(detail.parts, palette);
  const step = tile + BESIDE;
  for (let i = 0; i < (weights?.shape[0] ?? each.sources.length); i++) {
    const of = source(shown, place.stage, detail, weights ? 0 : i);
    const [x, y] = [corner.x + (i % columns) * pitch, corner.y + Math.floor(i / columns) * line];
    const channel = of.single ? 0 : weights ? (detail?.first ?? 0) + i : place.channel;
    const input = boxed({ x, y, w: tile, h: tile }, of.shape);
    made.items.push({ key: of.key(channel), box: input, paint: of.paint(channel, probe) });
    if (of.stage !== null && of.stage >= 0) {
      const to: Place = { view: 'map', stage: of.stage, channel };
      const label = mapTitle(report.stages[of.stage], channel);
      made.choices.push({ key: of.key(channel), box: input, label, group: 'inputs', to });
    }
    if (!kernels || !weights || !probe) continue;
    const sign = { y: y + tile / 2 - 9, w: BESIDE, kind: 'hint', align: 'center' } as const;
    const kernel = boxed({ x: x + step, y, w: tile, h: tile }, weights.shape.slice(-2));
    made.labels.push({ ...sign, key: `times ${i}`, x: x + tile, text: '∗' });
    made.items.push({ key: `kernel ${i}`, box: kernel, paint: onPlate(palette, (c, box) => kernels.draw(c, i, box)) });
    const to: Place = { ...place, view: 'pixel', row: probe.row, column: probe.column, slice: i };
    const label = text().slice(i + 1, number(sums[i]));
    made.choices.push({ key: `kernel ${i}`, box: kernel, label, group: 'kernels', to });
    if (!parts || !detail?.parts) continue;
    const part = boxed({ x: x + 2 * step, y, w: tile, h: tile }, detail.parts.shape.slice(-2));
    made.labels.push({ ...sign, key: `gives ${i}`, x: x + step + tile, text: '=' });
    made.items.push({ key: `part ${i}`, box: part, paint: onPlate(palette, (c, box) => parts.draw(c, i, box)) });
  }
  Object.assign(made.groups, { inputs: text().input, kernels: text().kernel });
  const heads = [text().input, text().kernel, text().part].slice(0, cells);
  heads.forEach((head, i) => {
    const wide = i === 2 ? 120 : Math.max(HEAD, tile + BESIDE);
    made.labels.push({
      key: `head ${i}`,
      x: Math.max(0, corner.x + i * step - (i === 2 ? 0 : (wide - tile) / 2)),
      y: corner.y - 24,
      w: wide,
      text: head,
      kind: 'hint',
      align: i === 2 ? 'start' : 'center',
    });
  });
  if (cells === 1 && shown.width >= NARROW) {
    caption(made, 'kind', { ...corner, w: tile, h: rows * line }, text().kind(each.kind), 'below');
  }
}

const HEAD = 52; // the least width of a heading: カーネル
const [BESIDE, APART, BELOW] = [14, 28, 10]; // gaps between the pictures of a row, between rows aside, and below

/** How n rows of `cells` pictures lie best in a room: large, and with few places left empty. */
function arrange(n: number, cells: number, { w, h }: Pick<Box, 'w' | 'h'>) {
  const most = n === 1 ? 240 : 84;
  let best = { tile: 0, columns: 1, worth: 0 };
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns);
    const across = ((w + APART) / columns - APART - BESIDE * (cells - 1)) / cells;
    const down = (h + BELOW) / rows - BELOW;
    const tile = Math.floor(Math.min(most, across, Math.max(down, 30)));
    const worth = (tile * n) / (columns * rows);
    if (worth > best.worth) best = { tile, columns, worth };
  }
  const { tile, columns } = best;
  const pitch = cells * tile + BESIDE * (cells - 1) + APART;
  return { tile, columns, rows: Math.ceil(n / columns), pitch, line: tile + BELOW };
}

/** The largest box of a picture's proportions within another one. */
export function boxed({ x, y, w, h }: Box, [rows, columns]: number[]): Box {
  const scale = Math.min(w / columns, h / rows);
  const [width, height] = [columns * scale, rows * scale];
  return { x: x + (w - width) / 2, y: y + (h - height) / 2, w: width, h: height };
}

/** On a ground of its own. */
export const onPlate =
  (palette: Palette, paint: Item['paint']): Item['paint'] =>
  (c, box) => {
    c.fillStyle = palette.raised;
    c.fillRect(box.x, box.y, box.w, box.h);
    paint(c, box);
  };

/** The maps that a stage takes; units that lie nowhere are the one rectangle that the detail folds them to. */
export function source(
  { report, maps, picture, palette }: Shown,
  stage: number,
  detail: Detail | undefined,
  which = 0,
) {
  const at = report.stages[stage].sources[which];
  const folded = detail?.window && detail.left == null ? detail.window : null;
  const shape = folded ? folded.shape.slice(-2) : at < 0 ? [28, 28] : report.stages[at].maps.shape.slice(-2);
  const sheet = folded ? new Sheet(folded, palette) : at < 0 ? picture : maps[at];
  return {
    /** None where what the stage takes is folded. */
    stage: folded ? null : at,
    single: Boolean(folded) || at < 0,
    shape,
    key: (channel: number) => (folded ? `folded ${stage}` : mapKey(at, channel)),
    paint: (channel: number, probe: Probe | null) =>
      onPlate(palette, (c, box) => {
        sheet.draw(c, folded || at < 0 ? 0 : channel, box);
        if (probe) windowed(c, box, shape, probe, palette);
      }),
  };
}

/** The frame of a window on the map that it lies on. */
function windowed(c: CanvasRenderingContext2D, box: Box, shape: number[], { detail }: Probe, palette: Palette) {
  const { top, left, window, weights, stride, dilation } = detail;
  if (top == null || left == null || !window || !stride) return; // no window slides over it
  const [height, width] = spanOf((weights ?? window).shape.slice(-2), dilation);
  frame(c, box, [top, left, height, width], shape, palette.text);
}

/** The rows and columns of the input from a window's first to its last. */
const spanOf = (size: number[], dilation: number[] = [1, 1]): number[] => size.map((n, i) => (n - 1) * dilation[i] + 1);

/** One slice of (n, height, width), and the size of its largest number. */
export const slab = ({ shape, data }: Picture, index: number) => {
  const [rows, columns] = shape.slice(-2);
  const part = data.subarray(index * rows * columns, (index + 1) * rows * columns);
  return { rows, columns, data: part, full: largest(part) };
};
