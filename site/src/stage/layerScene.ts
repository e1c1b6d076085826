// A layer: its maps, large, and how it does: its activations, their course, its gradient and its weights.

import { listed } from '../app/language.svelte';
import { count } from '../app/numbers';
import { change, course, curve, decades, histogram } from './drawing';
import { boxed, onPlate } from './mapScene';
import { NARROW, type Shown } from './overview';
import type { Place } from './place';
import { type Box, type Item, mapKey, type Scene, scene } from './scene';
import { mapTitle, number, share, stageName, text } from './words';

const GAP = 6;

export function layerScene(shown: Shown, { stage }: Extract<Place, { view: 'layer' }>): Scene {
  const { width, report, measures, history, palette } = shown;
  const narrow = width < NARROW;
  const made = scene(width, 0, `strip ${stage}`);
  const room = narrow ? { x: 4, y: 8, w: width - 8, h: 260 } : { x: 8, y: 16, w: width * 0.42, h: 440 };
  const lower = plane(made, shown, stage, room);
  const measure = measures?.[stage];
  const panels: { key: string; title: string; low: string; high: string; paint: Item['paint'] }[] = [];
  if (measure) {
    const { histogram: now, zeros, gradient, weights, dead } = measure;
    const facts = [
      text().activationsOf(number(now.low), number(now.high), share(zeros, 0)),
      dead.length ? text().dead(dead.length) : '',
    ];
    panels.push({
      key: `strip ${stage}`,
      title: `${text().activations}: ${listed(facts.filter(Boolean))}`,
      low: number(now.low),
      high: number(now.high),
      paint: (c, box) => histogram(c, box, now, palette),
    });
    const times = history.map(({ samples }) => samples);
    const span = [times[0] ?? 0, times[times.length - 1] ?? 0].map(count);
    panels.push({
      key: 'course',
      title: text().course,
      low: span[0],
      high: span[1],
      paint: (c, box) =>
        course(
          c,
          box,
          history.map(({ measures }) => measures[stage].histogram),
          palette,
        ),
    });
    if (gradient !== undefined) {
      const learners = report.stages.flatMap(({ layer }, i) => (layer ? [i] : []));
      const norms = learners.map((i) => history.map(({ measures }) => measures[i]?.gradient));
      const range = decades(norms.flat());
      panels.push({
        key: 'gradients',
        title: `${text().gradients}: ${number(gradient)} (10${power(range[0])} … 10${power(range[1])})`,
        low: span[0],
        high: span[1],
        paint: (c, box) => {
          ruled(c, box, range[1] - range[0], palette.line);
          learners.forEach((i, j) => {
            if (i !== stage) curve(c, box, times, norms[j], range, palette.muted, 1);
          });
          curve(c, box, times, norms[learners.indexOf(stage)], range, palette.text, 2.5);
        },
      });
    }
    if (weights) {
      const { before, now, change: moved } = weights;
      panels.push({
        key: 'weights',
        title: `${text().distribution}: ${text().changed(share(moved, 0))}`,
        low: number(now.low),
        high: number(now.high),
        paint: (c, box) => change(c, box, before, now, palette),
      });
    }
  }
  const perRow = narrow || width < 1000 ? 1 : 2;
  const area = narrow ? { x: 12, y: lower + 16, w: width - 24 } : { x: width * 0.42 + 40, y: 8, w: width * 0.58 - 56 };
  const w = (area.w - (perRow - 1) * 32) / perRow;
  const h = perRow === 2 ? 130 : 60;
  panels.forEach(({ key, title, low, high, paint }, i) => {
    const at = { x: area.x + (i % perRow) * (w + 32), y: area.y + Math.floor(i / perRow) * (h + 78) };
    const lines = perRow === 2 || narrow ? 40 : 24;
    made.labels.push({ key: `title ${key}`, ...at, w, text: title, kind: 'hint', wrap: true });
    const box = { x: at.x, y: at.y + lines, w, h };
    made.items.push({ key, box, paint });
    made.labels.push({ key: `low ${key}`, x: box.x, y: box.y + h + 2, w: w / 2, text: low, kind: 'hint' });
    made.labels.push({
      key: `high ${key}`,
      x: box.x + w / 2,
      y: box.y + h + 2,
      w: w / 2,
      text: high,
      kind: 'hint',
      align: 'end',
    });
    made.height = Math.max(made.height, box.y + h + 32);
  });
  made.height = Math.max(made.height, lower + 16);
  return made;
}

/** All maps of a layer in a room. Gives their lower edge. */
function plane(made: Scene, { report, maps, palette, measures }: Shown, stage: number, { x, y, w, h }: Box): number {
  const each = report.stages[stage];
  const [n, rows, columns] = each.maps.shape;
  const dead = measures?.[stage]?.dead ?? [];
  let best = { tile: 0, across: 1 };
  for (let across = 1; across <= n; across++) {
    const tile = Math.floor(Math.min(96, (w + GAP) / across - GAP, (h + GAP) / Math.ceil(n / across) - GAP));
    if (tile > best.tile) best = { tile, across };
  }
  const { tile, across } = best;
  made.groups[`stage ${stage}`] = stageName(each);
  for (let channel = 0; channel < n; channel++) {
    const cell = {
      x: x + (channel % across) * (tile + GAP),
      y: y + Math.floor(channel / across) * (tile + GAP),
      w: tile,
      h: tile,
    };
    const box = boxed(cell, [rows, columns]);
    const isDead = dead.includes(channel);
    made.items.push({
      key: mapKey(stage, channel),
      box,
      paint: onPlate(palette, (c, at) => {
        maps[stage].draw(c, channel, at);
        if (!isDead) return;
        c.strokeStyle = palette.muted;
        c.lineWidth = 2;
        c.strokeRect(at.x + 1, at.y + 1, at.w - 2, at.h - 2);
      }),
    });
    const label = `${mapTitle(each, channel)}${isDead ? `, ${text().isDead}` : ''}`;
    made.choices.push({
      key: mapKey(stage, channel),
      box,
      label,
      group: `stage ${stage}`,
      to: { view: 'map', stage, channel },
    });
  }
  return y + Math.ceil(n / across) * (tile + GAP);
}

/** Lines at the whole powers of ten. */
function ruled(c: CanvasRenderingContext2D, { x, y, w, h }: Box, n: number, colour: string) {
  c.fillStyle = colour;
  for (let i = 0; i <= n; i++) c.fillRect(x, y + (h * i) / n, w, 1);
}

/** An exponent as it is written above the line. */
const power = (n: number) => [...String(n)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] ?? '⁻').join('');

/** The picture, and how much each of its pixels moves the score of a class. */
export function pictureScene(shown: Shown): Scene {
  const { width, palette, picture, saliency, report, classes } = shown;
  const narrow = width < NARROW;
  const side = Math.min(320, (width - 40) / 2);
  const gap = narrow ? 16 : 56;
  const x = (width - 2 * side - gap) / 2;
  const made = scene(width, side + 104, 'picture');
  const caption = text().saliency(classes[report.target] ?? String(report.target));
  (
    [
      ['picture', picture, text().picture],
      ['saliency', saliency, caption],
    ] as const
  ).forEach(([key, sheet, name], i) => {
    const box = { x: x + i * (side + gap), y: 16, w: side, h: side };
    made.items.push({
      key,
      box,
      paint: onPlate(palette, (c, at) => sheet.draw(c, 0, at)),
    });
    made.labels.push({
      key: `head ${key}`,
      x: box.x - 6,
      y: box.y + side + 8,
      w: side + 12,
      text: name,
      kind: 'hint',
      align: 'center',
      wrap: true,
    });
  });
  return made;
}
