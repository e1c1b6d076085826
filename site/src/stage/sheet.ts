// Pictures of numbers, all those of an array side by side on one hidden canvas, drawn from there at any size.

import type { Picture } from '../engine/findings';
import { largest, type Palette, signed } from './palette';
import type { Box } from './scene';

type Write = (pixels: Uint8ClampedArray, at: number, value: number, full: number, palette: Palette) => void;

export class Sheet {
  readonly #canvas = document.createElement('canvas');
  readonly #height: number;
  readonly #width: number;

  /** @param picture  (n, height, width), or (height, width) */
  constructor({ shape, data }: Picture, palette: Palette, full = largest(data), write: Write = signed) {
    const [height, width] = shape.slice(-2);
    const n = data.length / (height * width);
    this.#height = height;
    this.#width = width;
    this.#canvas.width = width;
    this.#canvas.height = height * n;
    const image = new ImageData(width, height * n);
    for (let i = 0; i < data.length; i++) write(image.data, 4 * i, data[i], full, palette);
    this.#canvas.getContext('2d')?.putImageData(image, 0, 0);
  }

  draw(context: CanvasRenderingContext2D, index: number, { x, y, w, h }: Box): void {
    const [width, height] = [this.#width, this.#height];
    context.imageSmoothingEnabled = w * devicePixelRatio < width;
    context.drawImage(this.#canvas, 0, index * height, width, height, x, y, w, h);
  }
}
