// One pixel's sum: the window of the input, times the weights, the products, and the sums of all slices.

import type { Detail, Picture } from '../engine/findings';
import { frame, type Grid, grid } from './drawing';
import { boxed, onPlate, type Probe, slab, source } from './mapScene';
import { NARROW, type Shown } from './overview';
import { largest, type Palette } from './palette';
import type { Place } from './place';
import { type Box, caption, mapKey, type Scene, scene } from './scene';
import { mapTitle, number, shortTitle, strongest, text } from './words';

export type PixelPlace = Extract<Place, { view: 'pixel' }>;

/** The slice that is shown: the one that was chosen, or the one that counts most. */
export const sliceOf = ({ slice }: PixelPlace, { sums = [] }: Detail): number =>
  Math.min(slice ?? strongest(sums), Math.max(0, sums.length - 1));

export function pixelScene(shown: Shown, place: PixelPlace, probe: Probe): Scene {
  const { width, palette } = shown;
  const { detail } = probe;
  const narrow = width < NARROW;
  const roomy = width >= 1000;
  const slice = sliceOf(place, detail);
  const made = scene(width, 0, detail.weights ? `kernel ${slice}` : mapKey(place.stage, place.channel));
  const terms = termsOf(detail, slice);
  const side = roomy ? 170 : narrow ? 120 : 140;
  const gap = narrow ? 24 : 40;
  // Wide: input, terms and map in a row. Otherwise: input and map above, the terms below, two a row on a phone.
  const perRow = Math.min(narrow ? 2 : 3, Math.max(1, terms.length));
  const across = roomy ? width - 2 * (side + gap) - 16 : width - 8;
  const w = Math.min(roomy ? 240 : narrow ? 160 : 220, (across - (perRow - 1) * gap) / perRow);
  const used = perRow * w + (perRow - 1) * gap;
  const top = 30;
  const spot = { w, gap, x0: (width - used) / 2, y: roomy ? top : top + side + 46 };
  let bottom = terms.length ? spot.y : top + side;
  terms.forEach(({ key, name, values, sign }, i) => {
    const [column, row] = [i % perRow, Math.floor(i / perRow)];
    const cell = { x: spot.x0 + column * (w + gap), y: spot.y + row * (w + 40), w, h: w };
    const box = boxed(cell, [values.rows, values.columns]);
    box.y = roomy ? box.y : cell.y;
    made.items.push({ key, box, paint: (c, at) => grid(c, at, values, palette) });
    const leads = row > 0 && column === 0; // there is no room before it
    caption(made, `head ${key}`, box, leads && sign ? `${sign} ${name}` : name);
    if (sign && !leads) {
      const at = { x: cell.x - gap, y: box.y + box.h / 2 - 18, w: gap };
      made.labels.push({ ...at, key: `sign ${key}`, text: sign, kind: 'sign', align: 'center' });
    }
    bottom = Math.max(bottom, box.y + box.h);
  });
  // Beside what lies between them, or where that is nothing, near each other.
  const inset = !terms.length
    ? Math.max(8, (width - 2 * side - 96) / 2)
    : roomy
      ? 8
      : narrow
        ? (width / 2 - side) / 2
        : width / 4 - side / 2;
  const y = terms.length && roomy ? top + Math.max(0, (w - side) / 2) : top;
  ends(made, shown, place, probe, slice, { side, y, inset });
  if (!terms.length) {
    const at = { x: inset + side, y: top + side / 2 - 18, w: width - 2 * (inset + side) };
    made.labels.push({ ...at, key: 'sign', text: '→', kind: 'sign', align: 'center' });
  }
  if (detail.before && detail.weights) {
    bottom = Math.max(bottom, before(made, palette, detail.before, detail.weights, slice, narrow, spot));
  }
  if (roomy) bottom = Math.max(bottom, top + side);
  if ((detail.sums?.length ?? 0) > 1) {
    const room = { x: 8, y: bottom + 38, w: width - 16, h: narrow ? 72 : 110 };
    bottom = sums(made, palette, place, detail.sums ?? [], slice, room);
  }
  made.height = bottom + 16;
  return made;
}

interface Term {
  key: string;
  name: string;
  values: Grid;
  sign?: string;
}

function termsOf(detail: Detail, slice: number): Term[] {
  const { window, weights, products, before, taken } = detail;
  const terms: Term[] = [];
  if (window)
    terms.push({ key: 'window', name: text().window, values: { ...slab(window, weights ? slice : 0), taken } });
  if (!weights || !products) return terms;
  // The kernel and what it was are on one scale of colours.
  const full = Math.max(...[weights, ...(before ? [before] : [])].map((values) => slab(values, slice).full));
  terms.push({ key: `kernel ${slice}`, name: text().weights, values: { ...slab(weights, slice), full }, sign: '×' });
  terms.push({ key: 'products', name: text().products, values: slab(products, slice), sign: '=' });
  return terms;
}

interface Spot {
  w: number;
  gap: number;
  x0: number;
  y: number;
}

/** The kernel as it was before training: small, below the present one, or beside the products. Gives its lower edge. */
function before(
  made: Scene,
  palette: Palette,
  before: Picture,
  weights: Picture,
  slice: number,
  narrow: boolean,
  { w, gap, x0, y }: Spot,
): number {
  const former = slab(before, slice);
  const full = Math.max(former.full, slab(weights, slice).full);
  const size = narrow ? Math.min(110, w) : w * 0.45;
  const cell = { x: x0 + w + gap + (w - size) / 2, y: y + w + (narrow ? 40 : 32), w: size, h: size };
  const box = boxed(cell, [former.rows, former.columns]);
  made.items.push({ key: 'before', box, paint: (c, at) => grid(c, at, { ...former, full }, palette) });
  caption(made, 'head before', box, text().before);
  return box.y + box.h;
}

/** The map that the window lies on, and the one that the pixel is of. */
function ends(
  made: Scene,
  shown: Shown,
  place: PixelPlace,
  probe: Probe,
  slice: number,
  { side, y, inset }: { side: number; y: number; inset: number },
) {
  const { report, maps, palette, width } = shown;
  const { stage, channel, row, column } = place;
  const { detail } = probe;
  const each = report.stages[stage];
  const of = source(shown, stage, detail);
  const from = of.single ? 0 : (detail.first ?? channel) + (detail.weights ? slice : 0);
  const first = boxed({ x: inset, y, w: side, h: side }, of.shape);
  made.items.push({ key: of.key(from), box: first, paint: of.paint(from, probe) });
  const name =
    of.stage === null ? text().input : of.stage < 0 ? text().picture : shortTitle(report.stages[of.stage], from);
  caption(made, 'head input', first, name);

  const [, rows, columns] = each.maps.shape;
  const units = rows * columns === 1;
  const last = { x: width - inset - side, y, w: side, h: side };
  const at = units ? { x: last.x + side / 2 - 32, y: y + side / 2 - 32, w: 64, h: 64 } : boxed(last, [rows, columns]);
  made.items.push({
    key: mapKey(stage, channel),
    box: at,
    paint: onPlate(palette, (c, where) => {
      maps[stage].draw(c, channel, where);
      if (!units) frame(c, where, [row, column, 1, 1], [rows, columns], palette.text);
    }),
  });
  caption(made, 'head output', { ...at, x: last.x, w: side }, shortTitle(each, channel));
  made.groups.output = mapTitle(each, channel);
  const value = number(detail.value);
  made.choices.push({
    key: mapKey(stage, channel),
    box: at,
    group: 'output',
    label: units ? `${mapTitle(each, channel)}: ${value}` : text().pixelIs(row + 1, column + 1, value),
    to: place,
    pixels: { rows, columns },
  });
}

/** The sum of each slice as a bar, up or down; each can be chosen. Gives the lower edge. */
function sums(made: Scene, palette: Palette, place: PixelPlace, sums: number[], slice: number, room: Box): number {
  const full = largest(sums);
  const step = Math.min(64, room.w / sums.length);
  const start = room.x + (room.w - step * sums.length) / 2;
  made.groups.sums = text().sums(sums.length);
  caption(made, 'head sums', room, text().sums(sums.length));
  sums.forEach((sum, i) => {
    const box = { x: start + i * step, y: room.y, w: step, h: room.h };
    made.items.push({
      key: `sum ${i}`,
      box,
      paint: (c, { x, y, w, h }) => {
        const middle = y + h / 2;
        const height = (Math.min(full, Math.abs(sum)) / full || 0) * (h / 2 - 4);
        c.fillStyle = sum > 0 ? palette.plus : palette.minus;
        c.fillRect(x + w * 0.2, sum > 0 ? middle - height : middle, w * 0.6, Math.max(1, height));
        if (i === slice) {
          c.strokeStyle = palette.text;
          c.lineWidth = 1.5;
          c.strokeRect(x + 1, y + 1, w - 2, h - 2);
        }
        if (w < 44) return;
        c.fillStyle = palette.text;
        c.font = `11px ${palette.mono}`;
        c.textAlign = 'center';
        c.textBaseline = 'middle';
        c.fillText(number(sum), x + w / 2, sum > 0 ? middle + 10 : middle - 9, w - 2);
      },
    });
    const label = text().slice(i + 1, number(sum));
    made.choices.push({ key: `sum ${i}`, box, label, group: 'sums', to: { ...place, slice: i } });
  });
  return room.y + room.h;
}
