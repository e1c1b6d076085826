// Pictures as they are kept: squares of SIDE x SIDE, a byte a pixel, from 0 for paper or white to 255 for ink or black.

/** @typedef {{pixels: Uint8Array<ArrayBuffer>, drawn: boolean}} Shot */

export const SIDE = 84; // three pixels for each one that the network receives

/** A file that holds no picture, or none that the browser can read. */
export class NoPicture extends Error {
  name = 'NoPicture';
}

/** What is drawn on a transparent canvas. @param {HTMLCanvasElement} canvas @returns {Shot} */
export function ofDrawing(canvas) {
  const data = squared(canvas, canvas.width, canvas.height);
  return { pixels: Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3]), drawn: true };
}

/**
 * The middle of a photo; what is transparent in it counts as white.
 *
 * @param {CanvasImageSource} image
 * @param {number} width
 * @param {number} height
 * @returns {Shot}
 */
export function ofPhoto(image, width, height) {
  const data = squared(image, width, height, '#fff');
  const dark = (/** @type {number} */ i) => 255 - (0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]); // BT.601
  return { pixels: Uint8Array.from({ length: SIDE * SIDE }, (_, i) => Math.round(dark(4 * i))), drawn: false };
}

/** The middle of a picture in a file. @param {Blob} file @throws {NoPicture} */
export async function ofFile(file) {
  let image;
  try {
    image = await createImageBitmap(file);
  } catch {
    throw new NoPicture(file instanceof File ? file.name : '');
  }
  try {
    return ofPhoto(image, image.width, image.height);
  } finally {
    image.close();
  }
}

/** Whether there is anything to see. @param {Shot} shot */
export const isBlank = ({ pixels }) => pixels.every((value) => value === pixels[0]);

/**
 * The largest square in the middle of an image, as red, green, blue, alpha.
 *
 * @param {CanvasImageSource} image
 * @param {number} width
 * @param {number} height
 * @param {string} [ground]
 */
function squared(image, width, height, ground) {
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    new OffscreenCanvas(SIDE, SIDE).getContext('2d', { willReadFrequently: true })
  );
  context.imageSmoothingQuality = 'high';
  if (ground) {
    context.fillStyle = ground;
    context.fillRect(0, 0, SIDE, SIDE);
  }
  const side = Math.min(width, height);
  context.drawImage(image, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  return context.getImageData(0, 0, SIDE, SIDE).data;
}
