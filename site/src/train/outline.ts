// A drawing in a link: `#drawing=eJz…`, the places in each row where ink begins or ends, by how far they are from those of
// the row above: a third of what the pixels take, so that a QR code of the link can be scanned. It stands behind the #, so
// that nothing that is drawn reaches a server.

import { packed, unpacked } from '../app/packed';
import type { Drawing } from '../app/pad';

const MARK = '#drawing=';
const SIDE = 280; // pixels, as the drawing area has them
const INK = 128; // of 255: what is darker is ink
const MOST = 100_000; // bytes

/** The part of the link. */
export async function fragmentOf({ ink }: Drawing): Promise<string> {
  const bytes: number[] = [];
  const put = (value: number) => {
    let left = value < 0 ? -2 * value - 1 : 2 * value; // small numbers of either sign become small ones
    for (; left > 127; left >>= 7) bytes.push((left & 127) | 128);
    bytes.push(left);
  };
  let above: number[] = [];
  for (let row = 0; row < SIDE; row++) {
    const isInk = (column: number) => column >= 0 && column < SIDE && ink[row * SIDE + column] >= INK;
    const edges = Array.from({ length: SIDE + 1 }, (_, column) => column).filter((at) => isInk(at - 1) !== isInk(at));
    put(edges.length - above.length);
    edges.forEach((edge, i) => put(edge - nearTo(above, edges, i)));
    above = edges;
  }
  return MARK + (await packed(Uint8Array.from(bytes)));
}

/** Where an edge is looked for: below one of the row above, if there are as many, else beside the one before it. */
const nearTo = (above: readonly number[], edges: readonly number[], i: number): number =>
  (edges.length === above.length ? above[i] : edges[i - 1]) ?? 0;

/** The drawing of a link, by its fragment with the #; null if it carries none that can be read. */
export async function drawingOf(fragment: string): Promise<Drawing | null> {
  if (!fragment.startsWith(MARK)) return null;
  const bytes = await unpacked(fragment.slice(MARK.length), MOST).catch(() => null);
  if (!bytes) return null;
  let at = 0;
  const take = () => {
    let value = 0;
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    return value % 2 ? -(value + 1) / 2 : value / 2;
  };
  const ink = new Uint8Array(SIDE ** 2);
  let above: number[] = [];
  for (let row = 0; row < SIDE; row++) {
    const length = above.length + take();
    if (length < 0 || length > SIDE + 1) return null;
    const edges = new Array<number>(length);
    for (let i = 0; i < length; i++) edges[i] = take() + nearTo(above, edges, i);
    if (edges.some((edge, i) => edge < 0 || edge > SIDE || edge <= edges[i - 1])) return null;
    for (let i = 0; i < length; i += 2) ink.fill(255, row * SIDE + edges[i], row * SIDE + (edges[i + 1] ?? SIDE));
    above = edges;
  }
  return at === bytes.length ? { ink, width: SIDE } : null;
}
