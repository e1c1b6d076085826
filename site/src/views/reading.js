// A row of test images with what the network reads in each: how learning looks.

import { READ_COUNT } from '../lab.js';
import { byId, make } from './dom.js';
import { paintInk } from './pixels.js';

const PIXELS = 28 * 28;

/** @param {import('../lab.js').Lab} lab @param {(index: number) => void} showTestImage */
export function showReading(lab, showTestImage) {
  const tiles = Array.from({ length: READ_COUNT }, (_, index) => {
    const canvas = make('canvas', { className: 'ink', width: 28, height: 28 });
    const said = make('span', { textContent: '–' });
    const button = make('button', { type: 'button', onclick: () => showTestImage(index) }, canvas, said);
    button.setAttribute('aria-label', `Test image ${index}: look at it`);
    return { canvas, said, button };
  });
  byId('reading').replaceChildren(...tiles.map(({ button }) => make('li', {}, button)));

  /** @type {unknown} */
  let drawn = null;
  lab.show(({ reading }) => {
    if (!reading || reading === drawn) return;
    drawn = reading;
    const { pixels, labels, predicted } = reading;
    tiles.forEach(({ canvas, said, button }, i) => {
      paintInk(canvas, { data: pixels.subarray(i * PIXELS, (i + 1) * PIXELS), width: 28, height: 28 }, 255);
      said.textContent = String(predicted[i]);
      button.classList.toggle('wrong', predicted[i] !== labels[i]);
      button.setAttribute('aria-label', `A ${labels[i]}, read as ${predicted[i]}: look at it`);
    });
    const rights = labels.filter((label, i) => label === predicted[i]).length;
    byId('reading-count').textContent = `${rights} of ${labels.length} test images right`;
  });
}
