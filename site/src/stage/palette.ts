// The colours of the stage, from the style sheet's tokens, and numbers as colours.

import { type Colour, rgb } from '../app/colour';

export interface Palette {
  ground: string;
  raised: string;
  line: string;
  text: string;
  muted: string;
  plus: string;
  minus: string;
  mono: string;
  /** For single pixels. */
  rgb: { text: Colour; muted: Colour; plus: Colour; minus: Colour };
}

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const [text, muted, plus, minus] = ['stage-text', 'stage-muted', 'stage-plus', 'stage-minus'].map(token);
  return {
    ground: token('stage'),
    raised: token('stage-raised'),
    line: token('stage-line'),
    text,
    muted,
    plus,
    minus,
    mono: token('mono'),
    rgb: { text: rgb(text), muted: rgb(muted), plus: rgb(plus), minus: rgb(minus) },
  };
}

/** The largest size among the values, at least a little more than 0; what is no number does not count. */
export function largest(values: ArrayLike<number>): number {
  let most = 1e-9;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (size > most && size < Number.POSITIVE_INFINITY) most = size;
  }
  return most;
}

/**
 * Writes a number as a pixel: more than 0 blue, less orange, 0 the ground; what is no number grey.
 *
 * @param full  the size of a value that gets the whole colour
 */
export function signed(pixels: Uint8ClampedArray, at: number, value: number, full: number, { rgb }: Palette): void {
  const known = Number.isFinite(value);
  const colour = !known ? rgb.muted : value > 0 ? rgb.plus : rgb.minus;
  pixels[at] = colour[0];
  pixels[at + 1] = colour[1];
  pixels[at + 2] = colour[2];
  pixels[at + 3] = known ? 255 * Math.min(1, Math.abs(value) / full) ** 0.7 : 160;
}

/** Writes a number as ink, which is light on the stage. */
export function ink(pixels: Uint8ClampedArray, at: number, value: number, full: number, { rgb }: Palette): void {
  pixels[at] = rgb.text[0];
  pixels[at + 1] = rgb.text[1];
  pixels[at + 2] = rgb.text[2];
  pixels[at + 3] = 255 * Math.min(1, Math.max(0, value / full || 0));
}
