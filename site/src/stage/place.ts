// Where one is in the picture of the network: the whole of it, or a place within.

import { numberOf } from '../app/link';

export type Place =
  | { view: 'network' }
  | { view: 'picture' }
  | { view: 'layer'; stage: number }
  | { view: 'map'; stage: number; channel: number }
  | { view: 'pixel'; stage: number; channel: number; row: number; column: number; slice: number | null };

export const NETWORK: Place = { view: 'network' };

/** What tells one picture of a place from another. */
export const nameOf = (place: Place): string => Object.values(place).join(' ');

/** The places on the way to one, itself included, the whole network not. */
export function trailOf(place: Place): Place[] {
  if (place.view === 'network') return [];
  if (place.view !== 'pixel') return [place];
  const { stage, channel } = place;
  return [{ view: 'map', stage, channel }, place];
}

/** A place that the browser's history kept; anything may stand there. */
export function placeOf(kept: unknown): Place {
  const place = kept as Partial<Record<string, unknown>> | null;
  if (typeof place !== 'object' || place === null) return NETWORK;
  const whole = (...names: string[]) => names.every((name) => Number.isInteger(place[name]));
  const held =
    place.view === 'picture' ||
    (place.view === 'layer' && whole('stage')) ||
    (place.view === 'map' && whole('stage', 'channel')) ||
    (place.view === 'pixel' && whole('stage', 'channel', 'row', 'column') && (place.slice === null || whole('slice')));
  return held ? (place as Place) : NETWORK;
}

const PARTS = {
  network: [],
  picture: [],
  layer: ['stage'],
  map: ['stage', 'channel'],
  pixel: ['stage', 'channel', 'row', 'column', 'slice'],
};

/** As a link says it: `map-2-5`. */
export const inLink = (place: Place): string =>
  [place.view, ...PARTS[place.view].map((part) => place[part as never])].join('-');

/** The place that a link says. */
export function ofLink(text: string): Place {
  const [view, ...values] = text.split('-');
  const parts = Object.hasOwn(PARTS, view) ? PARTS[view as Place['view']] : [];
  const named = parts.map((part, i) => [part, values[i] ? numberOf(values[i]) : null]);
  return placeOf({ view, ...Object.fromEntries(named) });
}

/** Whether a network with these maps has the place. */
export function holds(shapes: number[][], place: Place): boolean {
  if (place.view === 'network' || place.view === 'picture') return true;
  const shape = shapes[place.stage];
  if (!shape || place.view === 'layer') return Boolean(shape);
  if (place.channel < 0 || place.channel >= shape[0]) return false;
  return (
    place.view === 'map' || (place.row >= 0 && place.row < shape[1] && place.column >= 0 && place.column < shape[2])
  );
}
