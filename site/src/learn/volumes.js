// What a convolution layer takes and gives as blocks: images, kernels, biases, outputs.

import { make } from '../views/dom.js';
import { svg } from '../views/svg.js';
import { block, bounds } from './solid.js';
import { shapeText, size } from './tensor.js';

/**
 * @typedef {import('./solid.js').Triple} Triple
 *
 * @typedef {object} Part  of a block, in colour
 * @property {number} block  which one
 * @property {Triple} [first]  the whole block if left out
 * @property {Triple} [extent]
 *
 * @typedef {object} Volume  one or several blocks of the same shape
 * @property {string} name
 * @property {readonly number[]} shape  of the array
 * @property {number} [axes]  how many of its last axes make a block, 3 if left out; those before say how many there are
 * @property {Part} [part]
 * @property {string} [sign]  before it
 */

const CELL = 18; // units of the drawing
const GAP = 10; // between blocks

/** A row of volumes with the signs between them. */
export class Volumes {
  element = make('div', { className: 'volumes' });

  constructor() {
    this.element.setAttribute('role', 'img');
  }

  /** @param {Volume[]} volumes @param {string} label  what they show, for screen readers */
  draw(volumes, label) {
    this.element.setAttribute('aria-label', label);
    this.element.replaceChildren(
      ...volumes.flatMap(({ sign, ...volume }) => [
        ...(sign ? [make('span', { className: 'sign', textContent: sign })] : []),
        make('div', {}, drawn(volume), make('code', { textContent: `${volume.name} ${shapeText(volume.shape)}` })),
      ]),
    );
  }
}

/** @param {Omit<Volume, 'sign'>} volume */
function drawn({ shape, axes = 3, part }) {
  const [outer, inner] = [shape.slice(0, shape.length - axes), shape.slice(shape.length - axes)];
  const [depth, rows, columns] = [1, 1, 1, ...inner].slice(-3);
  const extent = /** @type {Triple} */ ([depth, rows, columns]);
  const count = size(outer);
  const { width, height, rise } = bounds(extent, CELL);
  const step = height + GAP;
  const box = [-1.5, -rise - 1.5, width + 3, count * step - GAP + 3];
  const drawing = svg('svg', { viewBox: box.join(' ') });
  drawing.style.inlineSize = `${box[2]}px`;
  for (let i = 0; i < count; i++) {
    const group = svg('g', { transform: `translate(0 ${i * step})` }, block({ extent, cell: CELL }));
    if (part?.block === i)
      group.append(block({ extent: part.extent ?? extent, first: part.first, cell: CELL, name: 'kernel' }));
    drawing.append(group);
  }
  return drawing;
}
