// What is on the stage at a place: what the canvas paints, what can be chosen, and what is written.
//
// From one place to the next each item moves from where it was to where it is going to be; those that one of the two
// lacks move with what was chosen, so that the stage zooms into it.

import type { Place } from './place';

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Item {
  /** The same in two scenes for what moves from one to the other. */
  key: string;
  box: Box;
  paint(context: CanvasRenderingContext2D, box: Box): void;
}

/** A connection, drawn below the items. */
export interface Link {
  from: Box;
  to: Box;
  /** Keys of what it connects. */
  ends: [string, string];
  /** 0 to 1: how strongly it is drawn. */
  strength: number;
  /** -1 all orange to 1 all blue. */
  sign: number;
}

export interface Choice {
  key: string;
  box: Box;
  label: string;
  /** Choices of one group are walked with the arrow keys. */
  group: string;
  to: Place;
  /** Of the picture's answer: a bar, with the class it is of. */
  bar?: { name: string; p: number | null; best: boolean };
  /** A map whose pixels are chosen; what it holds. */
  pixels?: { rows: number; columns: number };
}

export interface Label {
  key: string;
  x: number;
  y: number;
  /** The width that it has. */
  w: number;
  text: string;
  kind: 'title' | 'hint' | 'sign' | 'warning';
  align?: 'start' | 'center' | 'end';
  /** Whether it may take more than a line. */
  wrap?: boolean;
  /** Chosen like a map, before the other ones of a group; its label goes on from the text. */
  choice?: { label: string; to: Place; group: string };
}

export interface Scene {
  width: number;
  height: number;
  items: Item[];
  links: Link[];
  choices: Choice[];
  labels: Label[];
  /** What the groups of choices are called. */
  groups: Record<string, string>;
  /** The item that one zoomed into, and the one that the next scene grows out of. */
  focus: string;
  /** Whether links run down, not across. */
  down: boolean;
}

/** The key of a map; of the stage before the first it is the picture. */
export const mapKey = (stage: number, channel: number): string => (stage < 0 ? 'picture' : `map ${stage} ${channel}`);

export const scene = (width: number, height: number, focus = ''): Scene => ({
  width,
  height,
  items: [],
  links: [],
  choices: [],
  labels: [],
  groups: {},
  focus,
  down: false,
});

/** A small text above or below a box, which it may be wider than. */
export function caption(
  { labels, width }: Scene,
  key: string,
  { x, y, w, h }: Box,
  text: string,
  where: 'above' | 'below' = 'above',
): void {
  const [spread, at] = [Math.max(0, Math.min(24, x, width - x - w)), where === 'above' ? y - 24 : y + h + 6];
  labels.push({ key, x: x - spread, y: at, w: w + 2 * spread, text, kind: 'hint', align: 'center' });
}

const mix = (a: number, b: number, t: number) => a + (b - a) * t;

export const between = (a: Box, b: Box, t: number): Box => ({
  x: mix(a.x, b.x, t),
  y: mix(a.y, b.y, t),
  w: mix(a.w, b.w, t),
  h: mix(a.h, b.h, t),
});

export interface Moving {
  item: Item;
  from: Box;
  to: Box;
  /** How it comes or goes. */
  fade: 'in' | 'out' | 'none';
}

/** Every item's way from one scene to the next. */
export function moves(former: Scene, next: Scene): Moving[] {
  const before = new Map(former.items.map((item) => [item.key, item]));
  const after = new Map(next.items.map((item) => [item.key, item]));
  const [was, is] = [next.focus, former.focus]
    .map((key) => [before.get(key)?.box, after.get(key)?.box])
    .find(([was, is]) => was && is) ?? [undefined, undefined];
  const there = was && is && carrier(was, is);
  const back = was && is && carrier(is, was);
  const leaving = former.items
    .filter(({ key }) => !after.has(key))
    .map((item): Moving => ({ item, from: item.box, to: there?.(item.box) ?? item.box, fade: 'out' }));
  const staying = next.items.map((item): Moving => {
    const was = before.get(item.key);
    return was
      ? { item, from: was.box, to: item.box, fade: 'none' }
      : { item, from: back?.(item.box) ?? item.box, to: item.box, fade: 'in' };
  });
  return [...leaving, ...staying];
}

/** The map of the plane that carries one box into another. */
function carrier(from: Box, to: Box): (box: Box) => Box {
  const [sx, sy] = [to.w / from.w, to.h / from.h];
  return ({ x, y, w, h }) => ({ x: to.x + (x - from.x) * sx, y: to.y + (y - from.y) * sy, w: w * sx, h: h * sy });
}
