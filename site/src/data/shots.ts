// Pictures on their way to a network: squares, as files to be kept and as the bytes that Python takes.

import type { Way } from '../engine/learners';

/** Of a photo's side, as the network takes it. */
export const PHOTO_SIDE = 224;

/** Of a drawing's side: three pixels for each one that the network takes. */
const INK_SIDE = 84;

export const MOST_PIXELS = 1 << 28; // of a picture: decoded it takes a gigabyte
const MOST_KEPT = 1 << 22; // of one that is kept as it came

const QUALITY = 0.92; // of JPEG: 20 kB a photo

/** A picture: what Python takes, and how it becomes a file. */
export interface Shot {
  /** Red, green, blue, alpha of a photo; of a drawing 0 for paper to 255 for ink. */
  pixels: Uint8Array<ArrayBuffer>;
  file: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** A file that holds no picture, or none that the browser can read. */
export class NoPicture extends Error {
  override name = 'NoPicture';
}

function context(side: number): OffscreenCanvasRenderingContext2D {
  const made = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  if (!made) throw new Error('no canvas'); // the browser is out of memory
  made.imageSmoothingQuality = 'high';
  made.fillStyle = '#fff'; // what is transparent counts as white
  made.fillRect(0, 0, side, side);
  return made;
}

/** The largest square in the middle of an image. */
function squared(image: CanvasImageSource, width: number, height: number, side: number) {
  const target = context(side);
  const least = Math.min(width, height);
  target.drawImage(image, (width - least) / 2, (height - least) / 2, least, least, 0, 0, side, side);
  return target;
}

async function encoded(canvas: OffscreenCanvas, type: string): Promise<Uint8Array<ArrayBuffer>> {
  const blob = await canvas.convertToBlob({ type, quality: QUALITY });
  return new Uint8Array(await blob.arrayBuffer());
}

/** The middle of a photo, or of what a video shows now. */
export function ofImage(image: CanvasImageSource, width: number, height: number): Shot {
  const target = squared(image, width, height, PHOTO_SIDE);
  const { data } = target.getImageData(0, 0, PHOTO_SIDE, PHOTO_SIDE);
  return { pixels: new Uint8Array(data.buffer), file: () => encoded(target.canvas, 'image/jpeg') };
}

/** What is drawn on a transparent canvas; null while that is empty. */
export function ofDrawing(drawing: HTMLCanvasElement): Shot | null {
  const target = squared(drawing, drawing.width, drawing.height, INK_SIDE);
  const pixels = inkOf(target);
  const isBlank = pixels.every((value) => value === 0);
  return isBlank ? null : { pixels, file: () => encoded(target.canvas, 'image/png') };
}

/** Ink on white, as Python takes it. */
function inkOf(target: OffscreenCanvasRenderingContext2D): Uint8Array<ArrayBuffer> {
  const { data } = target.getImageData(0, 0, INK_SIDE, INK_SIDE);
  const dark = (i: number) => 255 - (0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]); // BT.601
  return Uint8Array.from({ length: INK_SIDE * INK_SIDE }, (_, i) => Math.round(dark(4 * i)));
}

/** A picture in a file, turned as its camera was held. It is decoded by the browser. */
async function opened<T>(file: Blob, name: string, use: (image: ImageBitmap) => T): Promise<T> {
  let image: ImageBitmap;
  try {
    image = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    throw new NoPicture(name);
  }
  try {
    return use(image);
  } finally {
    image.close(); // at once: a huge one takes much memory
  }
}

/** How many pixels a picture in a file has: browsers tell it by the first bytes, before anything is decoded. */
async function pixelsIn(file: Blob): Promise<number> {
  const address = URL.createObjectURL(file);
  const image = new Image();
  try {
    await new Promise((resolve, reject) => Object.assign(image, { onload: resolve, onerror: reject, src: address }));
    return image.naturalWidth * image.naturalHeight;
  } catch {
    return 0; // it is no picture, as decoding it will tell
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** The middle of a photo in a file. */
export async function ofFile(file: Blob, name: string): Promise<Shot> {
  if ((await pixelsIn(file)) > MOST_PIXELS) throw new NoPicture(name);
  return opened(file, name, (image) => ofImage(image, image.width, image.height));
}

/** A picture of a project as it is kept: a large one smaller, since many of them are shown at once. */
export async function asKept(file: Uint8Array<ArrayBuffer>, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const blob = new Blob([file]);
  if ((await pixelsIn(blob)) > MOST_KEPT) return (await ofFile(blob, name)).file();
  await opened(blob, name, () => {}); // in each visit the network will need it
  return file;
}

/** What Python takes of a picture that is kept. */
export const pixelsOf = (way: Way, file: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  opened(new Blob([file]), '', (image) =>
    way === 'photos'
      ? ofImage(image, image.width, image.height).pixels
      : inkOf(squared(image, image.width, image.height, INK_SIDE)),
  );
