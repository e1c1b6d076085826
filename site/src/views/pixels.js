// Arrays of numbers as pictures on a transparent ground, so that they suit the light and the dark page: ink is black
// and inverted by the style sheet in the dark; positive and negative weights are blue and orange in both.

/**
 * @typedef {object} Pixels
 * @property {ArrayLike<number>} data  rows from the top
 * @property {number} width
 * @property {number} height
 */

/**
 * Values as ink: 0 is paper, `full` and more is black.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Pixels} pixels
 * @param {number} full
 */
export function paintInk(canvas, pixels, full) {
  paint(canvas, pixels, (value) => [0, 0, 0, (value / full) * 255]);
}

/**
 * Values of both signs: blue for more than 0, orange for less, paper for 0.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Pixels} pixels
 * @param {number} full  the size of a value that gets the whole colour
 */
export function paintSigned(canvas, pixels, full) {
  paint(canvas, pixels, (value) => [...(value > 0 ? PLUS : MINUS), (Math.abs(value) / full) * 255]);
}

const PLUS = [60, 105, 230];
const MINUS = [222, 110, 20];

/** The largest size among the values, at least a little more than 0. @param {ArrayLike<number>} values */
export function largest(values) {
  let most = 1e-9;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Pixels} pixels
 * @param {(value: number) => number[]} colour  red, green, blue, alpha; 0 to 255
 */
function paint(canvas, { data, width, height }, colour) {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < data.length; i++) image.data.set(colour(data[i]), 4 * i);
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).putImageData(image, 0, 0);
}
