// A row of test images with what the network reads in each: how learning looks.

import { READ_COUNT } from '../lab.js';
import { onLanguage, texts } from '../language.js';
import { byId, make } from './dom.js';
import { paintInk } from './pixels.js';

const text = texts(
  {
    image: (/** @type {number} */ index) => `Test image ${index}: look at it`,
    read: (/** @type {number} */ label, /** @type {number} */ predicted) =>
      `A ${label}, read as ${predicted}: look at it`,
    count: (/** @type {number} */ right, /** @type {number} */ total) => `${right} of ${total} test images right`,
  },
  {
    image: (index) => `テスト画像 ${index} 番を調べる`,
    read: (label, predicted) => `${label} を ${predicted} と読んだ画像を調べる`,
    count: (right, total) => `テスト画像 ${total} 枚のうち正解 ${right} 枚`,
  },
);

const PIXELS = 28 * 28;

/** @param {import('../lab.js').Lab} lab @param {(index: number) => void} showTestImage */
export function showReading(lab, showTestImage) {
  const tiles = Array.from({ length: READ_COUNT }, (_, index) => {
    const canvas = make('canvas', { className: 'ink', width: 28, height: 28 });
    const said = make('span', { textContent: '–' });
    const button = make('button', { type: 'button', onclick: () => showTestImage(index) }, canvas, said);
    return { canvas, said, button };
  });
  byId('reading').replaceChildren(...tiles.map(({ button }) => make('li', {}, button)));

  onLanguage(() => tiles.forEach(({ button }, i) => button.setAttribute('aria-label', text().image(i))));
  lab.showPart('reading', ({ pixels, labels, predicted }) => {
    tiles.forEach(({ canvas, said, button }, i) => {
      paintInk(canvas, { data: pixels.subarray(i * PIXELS, (i + 1) * PIXELS), width: 28, height: 28 }, 255);
      said.textContent = String(predicted[i]);
      button.classList.toggle('wrong', predicted[i] !== labels[i]);
      button.setAttribute('aria-label', text().read(labels[i], predicted[i]));
    });
    const rights = labels.filter((label, i) => label === predicted[i]).length;
    byId('reading-count').textContent = text().count(rights, labels.length);
  });
}
