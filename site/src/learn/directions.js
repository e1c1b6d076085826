// One, two and three directions: what makes a convolution 1-, 2- or 3-dimensional.

import { texts } from '../language.js';
import { svg } from '../views/svg.js';
import { addPlayer } from './player.js';
import { Sliding } from './sliding.js';
import { arrow, block, bounds } from './solid.js';

/**
 * @typedef {import('./solid.js').Triple} Triple
 * @typedef {import('./tensor.js').Numbers} Numbers
 */

const CELL = 26; // units of the drawing
const GAP = 0.45; // cells between the block and an arrow
const EDGE = 0.8; // cells around the drawing

const ONE = `import pyconvlite.functions as F

# A row is an image with the height 1.
row = x[None, None, None]
kernel = W[None, None, None]
y = F.conv2d(row, kernel)[0, 0, 0]
`;

const TWO = `import pyconvlite.functions as F

image, kernel = x[None, None], W[None, None]
y = F.conv2d(image, kernel)[0, 0]
`;

const THREE = `import numpy as np
import pyconvlite.functions as F

# At depth d the kernel lies on KD planes at once.
KD = len(W)

def plane(d):
    planes = x[None, d:d + KD]
    return F.conv2d(planes, W[None]).data[0, 0]

depths = range(len(x) - KD + 1)
y = np.stack([plane(d) for d in depths])
`;

const text = texts(
  {
    drawing: (/** @type {number} */ count) =>
      `A block of numbers, in it the kernel, which moves in ${['one direction', 'two directions', 'three directions'][count - 1]}.`,
  },
  { drawing: (count) => `数のブロックと、その中を ${count} 方向に動くカーネルの図。` },
);

export function startDirections() {
  start('one', ONE, numbers([8], [2, 0, 1, 3, 1, 0, 2, 1]), numbers([3], [1, 2, -1]));
  start('two', TWO, numbers([4, 4], [1, 0, 2, 1, 3, 1, 0, 2, 0, 2, 1, 1, 1, 0, 3, 2]), numbers([2, 2], [1, -1, 2, 0]));
  const cube = Array.from({ length: 27 }, (_, i) => (i * 5) % 4);
  start('three', THREE, numbers([3, 3, 3], cube), numbers([2, 2, 2], [1, 0, 0, -1, 0, 1, 2, 0]));
}

/** @param {number[]} shape @param {number[]} data @returns {Numbers} */
const numbers = (shape, data) => ({ shape, data });

/** @param {string} id @param {string} code @param {Numbers} x @param {Numbers} W */
function start(id, code, x, W) {
  const sliding = new Sliding(id, { code, x, W });
  const { stage } = sliding.lesson;
  const drawing = new Slanted(x.shape, W.shape);
  stage.prepend(drawing.svg);
  addPlayer(stage, () => sliding.step());
  sliding.start(() => drawing.draw(sliding.at));
}

/** The input as a block, with the kernel in it and arrows along which it moves. */
export class Slanted {
  svg;
  #extent;
  #kernel;
  #axes;
  #block;

  /**
   * @param {readonly number[]} x  shape of the input
   * @param {readonly number[]} W  shape of the kernel
   * @param {number} [axes]  along which it moves, the last ones; all if left out
   */
  constructor(x, W, axes = x.length) {
    this.#extent = triple(x);
    this.#kernel = triple(W);
    this.#axes = axes;
    const { width, height, rise } = bounds(this.#extent, CELL);
    const edge = EDGE * CELL;
    const box = [-edge, -rise - edge, width + 2 * edge, height + 2 * edge];
    this.svg = /** @type {SVGSVGElement} */ (svg('svg', { class: 'slanted', role: 'img', viewBox: box.join(' ') }));
    this.svg.style.inlineSize = `${box[2]}px`;
    this.#block = block({ extent: this.#extent, cell: CELL });
    this.svg.append(this.#block, ...this.#arrows());
  }

  /** @param {readonly number[]} at  first cell of the kernel, along the axes in which it moves */
  draw(at) {
    const first = [0, 0, 0, ...at].slice(-3);
    this.svg.querySelector('.kernel')?.remove();
    this.#block.after(block({ extent: this.#kernel, first, cell: CELL, name: 'kernel' }));
    this.svg.setAttribute('aria-label', text().drawing(this.#axes));
  }

  #arrows() {
    const [depth, rows, columns] = this.#extent;
    /** @type {[Triple, Triple][]} */
    const all = [
      [
        [0, rows + GAP / 2, columns + GAP / 2],
        [depth, rows + GAP / 2, columns + GAP / 2],
      ],
      [
        [0, 0, -GAP],
        [0, rows, -GAP],
      ],
      [
        [0, rows + GAP, 0],
        [0, rows + GAP, columns],
      ],
    ];
    return all.slice(-this.#axes).map(([from, to]) => arrow(CELL, from, to));
  }
}

/** @param {readonly number[]} shape */
const triple = (shape) => [1, 1, 1, ...shape].slice(-3);
