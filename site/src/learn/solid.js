// Blocks of cells in a slanting view: rows go down, columns to the right, depth to the back.

import { svg } from '../views/svg.js';

const [BACK_X, BACK_Y] = [0.45, -0.35]; // of a cell's edge, for one cell of depth

/**
 * @typedef {readonly number[]} Triple  along depth, rows, columns
 *
 * @typedef {object} Block
 * @property {Triple} extent  in cells
 * @property {Triple} [first]  the cell where it starts
 * @property {number} [cell]  edge of a cell in units of the drawing
 * @property {string} [name]  class
 * @property {boolean} [lines]  whether cells are told apart
 */

/** Where a corner is in the drawing. @param {number} cell @param {Triple} corner @returns {[number, number]} */
const project = (cell, [depth, row, column]) => [cell * (column + depth * BACK_X), cell * (row + depth * BACK_Y)];

/** A block: its front, top and right side. @param {Block} block */
export function block({ extent, first = [0, 0, 0], cell = 20, name = '', lines = true }) {
  const [depth, rows, columns] = extent;
  const at = (/** @type {Triple} */ offset) =>
    project(cell, [first[0] + offset[0], first[1] + offset[1], first[2] + offset[2]]).join(',');
  const face = (/** @type {string} */ side, /** @type {Triple[]} */ ...corners) =>
    svg('polygon', { class: side, points: corners.map(at).join(' ') });
  const group = svg(
    'g',
    { class: `solid ${name}` },
    face('front', [0, 0, 0], [0, 0, columns], [0, rows, columns], [0, rows, 0]),
    face('top', [0, 0, 0], [depth, 0, 0], [depth, 0, columns], [0, 0, columns]),
    face('side', [0, 0, columns], [depth, 0, columns], [depth, rows, columns], [0, rows, columns]),
  );
  if (!lines) return group;
  const line = (/** @type {Triple[]} */ ...corners) => svg('polyline', { points: corners.map(at).join(' ') });
  for (let d = 1; d < depth; d++) group.append(line([d, 0, 0], [d, 0, columns], [d, rows, columns]));
  for (let r = 1; r < rows; r++) group.append(line([0, r, 0], [0, r, columns], [depth, r, columns]));
  for (let c = 1; c < columns; c++) group.append(line([depth, 0, c], [0, 0, c], [0, rows, c]));
  return group;
}

/** Width, height and the place of the front's upper left corner of a block's drawing. @param {Triple} extent @param {number} cell */
export function bounds([depth, rows, columns], cell) {
  const rise = -depth * BACK_Y * cell;
  return { width: cell * (columns + depth * BACK_X), height: rows * cell + rise, rise };
}

/** An arrow along one axis, in cells. @param {number} cell @param {Triple} from @param {Triple} to */
export function arrow(cell, from, to) {
  const [[x1, y1], [x2, y2]] = [project(cell, from), project(cell, to)];
  const angle = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
  return svg(
    'g',
    { class: 'arrow' },
    svg('line', { x1, y1, x2, y2 }),
    svg('path', { d: 'M0 0 L-8 -4.5 L-8 4.5 Z', transform: `translate(${x2} ${y2}) rotate(${angle})` }),
  );
}
