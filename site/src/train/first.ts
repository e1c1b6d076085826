// The first test image as the network takes it in: the picture of the network shows it before Python has it.

import digits from 'virtual:first-digits';
import type { Look } from '../engine/findings';
import { SIDE } from './net';

/** What there is to see, without any answer. */
export async function firstLook(): Promise<Look> {
  const image = new Image();
  image.src = digits[0].picture;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [SIDE, SIDE];
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const none = { shape: [0], data: new Float32Array() };
  const ink = Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3] / 255);
  return { picture: { shape: [SIDE, SIDE], data: ink }, probabilities: none };
}
