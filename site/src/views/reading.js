// A row of test images with what the network reads in each: how learning looks.

import { byId, make } from './dom.js';
import { paintInk } from './pixels.js';

const PIXELS = 28 * 28;

/** @typedef {{item: HTMLElement, button: HTMLButtonElement, said: HTMLElement}} Tile */

/** @param {import('../lab.js').Lab} lab @param {(index: number) => void} showTestImage */
export function showReading(lab, showTestImage) {
  /** @type {Tile[]} */
  let tiles = [];
  lab.show(({ reading }) => {
    if (!reading) return;
    const { pixels, labels, predicted } = reading;
    if (!tiles.length) {
      tiles = labels.map((_, i) => tile(pixels.subarray(i * PIXELS, (i + 1) * PIXELS), () => showTestImage(i)));
      byId('reading').replaceChildren(...tiles.map(({ item }) => item));
    }
    tiles.forEach(({ button, said }, i) => {
      const right = predicted[i] === labels[i];
      said.textContent = String(predicted[i]);
      button.classList.toggle('wrong', !right);
      button.setAttribute('aria-label', `A ${labels[i]}, read as ${predicted[i]}: look at it`);
    });
    const rights = labels.filter((label, i) => label === predicted[i]).length;
    byId('reading-count').textContent = `${rights} of ${labels.length} test images right`;
  });
}

/** @param {Uint8Array} pixels @param {() => void} onClick @returns {Tile} */
function tile(pixels, onClick) {
  const canvas = make('canvas', { className: 'ink' });
  paintInk(canvas, { data: pixels, width: 28, height: 28 }, 255);
  const said = make('span');
  const button = make('button', { type: 'button', onclick: onClick }, canvas, said);
  return { item: make('li', {}, button), button, said };
}
