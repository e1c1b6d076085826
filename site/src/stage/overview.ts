// The whole network: the picture, each layer's maps on a plane, the answer as bars; connections between them.

import { listed } from '../app/language.svelte';
import type { Look, Measure, Report } from '../engine/findings';
import { curve, decades, histogram, plane } from './drawing';
import { contributions, oneToOne } from './links';
import type { Palette } from './palette';
import { type Box, type Label, mapKey, type Scene, scene } from './scene';
import type { Sheet } from './sheet';
import { mapTitle, share, shortName, stageName, text } from './words';

/** What the stage shows; the sheets are made anew with each report. */
export interface Shown {
  report: Report;
  look: Look | null;
  classes: string[];
  measures: Measure[] | null;
  history: { samples: number; measures: Measure[] }[];
  palette: Palette;
  picture: Sheet;
  saliency: Sheet;
  maps: Sheet[];
  /** In CSS pixels. */
  width: number;
}

const GAP = 3; // between the maps of a plane
const PAD = 4; // around them
const STRIP = 30;
const NAME = 60; // the least width of a layer's name: プーリング
export const NARROW = 600; // below it the network runs down

/** How the maps of a plane lie: `lines` of `n` maps along the plane. */
interface Lay {
  tile: number;
  columns: number;
  rows: number;
  w: number;
  h: number;
}

const lay = (n: number, tile: number, columns: number): Lay => {
  const rows = Math.ceil(n / columns);
  const size = (count: number) => count * tile + (count - 1) * GAP + 2 * PAD;
  return { tile, columns: Math.min(n, columns), rows, w: size(Math.min(n, columns)), h: size(rows) };
};

/** Whether the answer's bars stand for the last stage. */
const endsInBars = ({ report: { stages }, classes }: Pick<Shown, 'report' | 'classes'>): boolean =>
  stages[stages.length - 1]?.maps.shape[0] === classes.length;

export function overview(shown: Shown): Scene {
  const made = (shown.width >= NARROW && (across(shown, ROOMY) ?? across(shown, CLOSE))) || downwards(shown);
  connect(made, shown);
  return made;
}

/** Sizes of what runs across, where there is room and where there is little. */
const ROOMY = { most: 520, side: 120, barsWidth: 200, least: 26, narrow: 30 };
const CLOSE = { most: 420, side: 72, barsWidth: 144, least: 18, narrow: 24 };

/** From left to right, in the height of a window; null where it takes more than the width that there is. */
function across(shown: Shown, { most, side, barsWidth, least, narrow }: typeof ROOMY): Scene | null {
  const { report, width, classes } = shown;
  const planes = endsInBars(shown) ? report.stages.slice(0, -1) : report.stages;
  const head = 44;
  const lays = planes.map(({ maps: { shape } }) => {
    const [n, rows, columns] = shape;
    const units = rows * columns === 1;
    const smallest = units ? 12 : least;
    const largest = units ? 24 : 44;
    const inColumn = Math.max(1, Math.floor((most - 2 * PAD + GAP) / (smallest + GAP)));
    const columnsOf = Math.ceil(n / inColumn);
    const perColumn = Math.ceil(n / columnsOf);
    const tile = Math.min(largest, Math.floor((most - 2 * PAD + GAP) / perColumn - GAP));
    return lay(n, tile, columnsOf);
  });
  // A wide gap where weights connect, a narrow one where map follows map.
  const weights = [...planes.map(({ links }) => (links ? 3 : 0)), 1];
  const margin = 4;
  const fixed = 2 * margin + side + lays.reduce((sum, { w }) => sum + Math.max(w, 34) + narrow, narrow) + barsWidth;
  if (fixed > width) return null;
  const spare = width - fixed;
  const shareOf = weights.reduce((sum, weight) => sum + weight, 0);
  const high = Math.max(...lays.map(({ h }) => h), side, 10 * 26);
  const made = scene(width, head + high + STRIP + 36);
  const middle = head + high / 2;
  let x = margin;
  picture(made, shown, { x, y: middle - side / 2, w: side, h: side });
  x += side;
  planes.forEach((_, i) => {
    x += narrow + (spare * weights[i]) / shareOf;
    const { w, h } = lays[i];
    const slot = Math.max(w, 34);
    const box = { x: x + (slot - w) / 2, y: middle - h / 2, w, h };
    const room = Math.max(NAME, slot + narrow - 4);
    const at = { x: x + slot / 2 - room / 2, y: box.y - 36, w: room };
    stage(made, shown, i, lays[i], box, { ...at, align: 'center' });
    strip(made, shown, i, { x: at.x + 4, y: box.y + h + 8, w: room - 8, h: STRIP });
    x += slot;
  });
  x += narrow + (spare * weights[planes.length]) / shareOf;
  const row = Math.min(44, Math.max(26, Math.floor(high / Math.max(classes.length, 1))));
  bars(made, shown, { x, y: middle - (row * classes.length) / 2, w: width - margin - x, h: row });
  return made;
}

/** From top to bottom, on a phone. */
function downwards(shown: Shown): Scene {
  const { report, width, classes } = shown;
  const planes = endsInBars(shown) ? report.stages.slice(0, -1) : report.stages;
  const made = scene(width, 0);
  made.down = true;
  const side = 88;
  picture(made, shown, { x: (width - side) / 2, y: 8, w: side, h: side });
  let y = 8 + side;
  planes.forEach(({ maps: { shape }, links }, i) => {
    y += links ? 40 : 12;
    const [n, rows, columns] = shape;
    const least = rows * columns === 1 ? 14 : 24;
    const perRow = Math.floor((width - 2 * PAD + GAP) / (least + GAP));
    const lines = Math.ceil(n / perRow);
    const columnsOf = Math.ceil(n / lines);
    const tile = Math.min(36, Math.floor((width - 2 * PAD + GAP) / columnsOf - GAP));
    const laid = lay(n, tile, columnsOf);
    stage(
      made,
      shown,
      i,
      laid,
      { x: (width - laid.w) / 2, y: y + 24, w: laid.w, h: laid.h },
      { x: 4, y, w: width - 96, align: 'start' },
    );
    strip(made, shown, i, { x: width - 84, y: y + 2, w: 80, h: 18 });
    y += 24 + laid.h;
  });
  y += 34;
  const columns = width < 264 ? 1 : 2; // one where the type is large
  bars(made, shown, { x: 4, y, w: width - 8, h: 26 }, columns);
  made.height = y + 26 * Math.ceil(classes.length / columns) + 8;
  return made;
}

function picture(made: Scene, { picture, palette }: Shown, box: Box) {
  made.items.push({
    key: 'picture',
    box,
    paint: (c, at) => {
      plane(c, at, palette);
      picture.draw(c, 0, at);
    },
  });
  made.groups.picture = text().picture;
  made.choices.push({ key: 'picture', box, label: text().pictureOf, group: 'picture', to: { view: 'picture' } });
}

/** A layer: its name, its plane with the maps, and how many of them are dead. */
function stage(
  made: Scene,
  shown: Shown,
  i: number,
  { tile, columns }: Lay,
  box: Box,
  head: Pick<Label, 'x' | 'y' | 'w' | 'align'>,
) {
  const { report, measures, palette, maps } = shown;
  const each = report.stages[i];
  const { shape } = each.maps;
  const name = stageName(each);
  const dead = measures?.[i]?.dead ?? [];
  const size = text().size(shape);
  const kind = each.layer ? text().kind(each.kind) : '';
  const choice = {
    label: text().layer(kind, text().shape(shape)),
    to: { view: 'layer', stage: i } as const,
    group: `stage ${i}`,
  };
  made.groups[`stage ${i}`] = name;
  if (head.align === 'center') {
    made.labels.push({ ...head, key: `name ${i}`, text: shortName(each), kind: 'title', choice });
    const shorter = shape[1] * shape[2] === 1 ? text().units(shape[0]) : `${shape[1]}×${shape[2]}`;
    made.labels.push({ ...head, key: `size ${i}`, y: head.y + 17, text: shorter, kind: 'hint' });
    if (dead.length) {
      const y = box.y + box.h + 12 + STRIP;
      made.labels.push({ ...head, key: `dead ${i}`, y, text: text().dead(dead.length), kind: 'warning' });
    }
  } else {
    made.labels.push({ ...head, key: `name ${i}`, text: `${name} · ${size}`, kind: 'title', choice });
    if (dead.length) {
      const label = text().dead(dead.length);
      made.labels.push({ ...head, key: `dead ${i}`, text: label, kind: 'warning', align: 'end' });
    }
  }
  made.items.push({ key: `plane ${i}`, box, paint: (c, at) => plane(c, at, palette) });
  for (let channel = 0; channel < shape[0]; channel++) {
    const at = {
      x: box.x + PAD + (channel % columns) * (tile + GAP),
      y: box.y + PAD + Math.floor(channel / columns) * (tile + GAP),
      w: tile,
      h: (tile * shape[1]) / shape[2],
    };
    const isDead = dead.includes(channel);
    made.items.push({
      key: mapKey(i, channel),
      box: at,
      paint: (c, where) => {
        c.fillStyle = palette.ground;
        c.fillRect(where.x, where.y, where.w, where.h);
        maps[i].draw(c, channel, where);
        if (isDead) cross(c, where, palette.muted);
      },
    });
    const label = listed([mapTitle(each, channel), ...(isDead ? [text().isDead] : [])]);
    const to = { view: 'map', stage: i, channel } as const;
    made.choices.push({ key: mapKey(i, channel), box: at, label, group: `stage ${i}`, to });
  }
}

/** What marks a dead unit. */
function cross(c: CanvasRenderingContext2D, { x, y, w, h }: Box, colour: string) {
  c.beginPath();
  c.moveTo(x + 2, y + 2);
  c.lineTo(x + w - 2, y + h - 2);
  c.moveTo(x + w - 2, y + 2);
  c.lineTo(x + 2, y + h - 2);
  c.strokeStyle = colour;
  c.lineWidth = 1;
  c.stroke();
}

/** Below a plane: how its activations are distributed, and how its gradient went. */
function strip(made: Scene, { report, measures, history, palette }: Shown, i: number, box: Box) {
  const measure = measures?.[i];
  if (!measure) return;
  const learns = Boolean(report.stages[i].layer);
  const norms = history.map(({ measures }) => measures[i]?.gradient);
  made.items.push({
    key: `strip ${i}`,
    box,
    paint: (c, { x, y, w, h }) => {
      c.fillStyle = palette.ground;
      c.fillRect(x, y, w, h);
      const half = learns ? h / 2 : h;
      histogram(c, { x, y, w, h: half }, measure.histogram, palette);
      const times = history.map(({ samples }) => samples);
      if (learns) curve(c, { x, y: y + half + 3, w, h: half - 4 }, times, norms, decades(norms), palette.muted);
    },
  });
}

const APART = 12; // between columns of bars

/** The answer. @param box  of all columns, as high as one bar */
function bars(made: Scene, shown: Shown, { x, y, w, h }: Box, columns = 1) {
  const { report, look, classes } = shown;
  const last = report.stages.length - 1;
  const blank = look?.picture.data.every((value) => value === 0) ?? true;
  const known =
    look?.probabilities.data.length === classes.length ? look.probabilities.data : report.stages[last].maps.data;
  made.groups.bars = text().answers;
  const best = Math.max(...known);
  const perColumn = Math.ceil(classes.length / columns);
  const wide = (w + APART) / columns - APART;
  classes.forEach((name, i) => {
    const [column, row] = [Math.floor(i / perColumn), i % perColumn];
    const p = blank || best === 0 ? null : known[i];
    made.choices.push({
      key: mapKey(last, i),
      box: { x: x + column * (wide + APART), y: y + row * h, w: wide, h },
      label: text().bar(name, p === null ? '–' : share(p)),
      group: 'bars',
      to: { view: 'map', stage: last, channel: i },
      bar: { name, p, best: !blank && known[i] === best },
    });
  });
}

/** Draws what each map gives to the next ones. */
function connect(made: Scene, shown: Shown) {
  const { report } = shown;
  const boxes = new Map(made.items.map(({ key, box }) => [key, box]));
  for (const { key, box } of made.choices) if (!boxes.has(key)) boxes.set(key, box);
  report.stages.forEach((stage, i) => {
    stage.sources.forEach((source, j) => {
      const found = stage.links && j === 0 ? contributions(stage, i) : oneToOne(report.stages, i, source);
      for (const { from, to, ...rest } of found) {
        const [start, end] = [boxes.get(from), boxes.get(to)];
        if (start && end) made.links.push({ from: start, to: end, ends: [from, to], ...rest });
      }
    });
  });
}
