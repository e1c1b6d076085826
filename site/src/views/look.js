// A drawing or a test image, and what the network makes of it.

import { texts } from '../language.js';
import { byId, make, percent } from './dom.js';
import { Pad } from './pad.js';
import { largest, paintInk, paintSigned } from './pixels.js';

/**
 * @typedef {import('../lab.js').Lab} Lab
 * @typedef {import('../engine/answers.js').Look} Look
 * @typedef {import('../engine/answers.js').Picture} Picture
 */

const text = texts(
  {
    drawing: 'your drawing, centred and scaled like MNIST’s digits',
    image: (/** @type {number} */ label) => `a test image: a ${label}`,
    blank: 'Nothing is drawn yet.',
    sees: (/** @type {string} */ what, /** @type {number} */ best) =>
      `What the network sees: ${what}. It reads a ${best}.`,
  },
  {
    drawing: '描いた絵を MNIST の数字と同じ大きさと位置に整えたもの',
    image: (label) => `テスト画像の ${label}`,
    blank: 'まだ何も描かれていません。',
    sees: (what, best) => `ネットワークに見えているもの: ${what}。${best} と読んでいます。`,
  },
);

const MOST_TILES = 16; // an MLP has a hundred

/**
 * @param {Lab} lab
 * @returns {{showTestImage: (index: number) => void, showSource: (source: import('../lab-state.js').Source) => void}}
 */
export function showLook(lab) {
  const pad = new Pad(byId('pad'), () => lab.look(pad.ink()));
  const number = /** @type {HTMLInputElement} */ (byId('test-index'));
  const bars = Array.from({ length: 10 }, (_, digit) => bar(digit));
  byId('probabilities').replaceChildren(...bars.map(({ row }) => row));
  byId('clear').addEventListener('click', () => {
    pad.clear();
    lab.look(pad.ink());
  });
  const showTestImage = (/** @type {number} */ index) => {
    number.value = String(index);
    lab.look({ index });
  };
  const showSource = (/** @type {import('../lab-state.js').Source} */ source) => {
    if ('index' in source) return showTestImage(source.index);
    if ('ink' in source) pad.restore(source);
    lab.look(source);
  };
  const form = /** @type {HTMLFormElement} */ (byId('test-form'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    showTestImage(Number(number.value));
  });
  byId('random-test').addEventListener('click', () => {
    showTestImage(Math.floor(Math.random() * (Number(number.max) + 1)));
  });

  lab.showPart('seen', ({ look, source }) => {
    if ('index' in source) pad.show(look.picture.data, 28);
    drawAnswer(look, bars);
    drawLayer(look);
  });
  return { showTestImage, showSource };
}

/** @param {number} digit */
function bar(digit) {
  const fill = make('span', { className: 'fill' });
  const value = make('span', { className: 'value', textContent: '–' });
  const name = make('span', { className: 'digit', textContent: String(digit) });
  const row = make('li', {}, name, make('span', { className: 'track' }, fill), value);
  return { row, fill, value };
}

/** @param {Look} look @param {ReturnType<typeof bar>[]} bars */
function drawAnswer({ picture, probabilities, label }, bars) {
  const seen = /** @type {HTMLCanvasElement} */ (byId('seen'));
  paintInk(seen, { data: picture.data, width: 28, height: 28 }, 1);
  const blank = picture.data.every((value) => value === 0);
  const best = blank ? -1 : probabilities.data.indexOf(Math.max(...probabilities.data));
  bars.forEach(({ row, fill, value }, digit) => {
    const p = blank ? 0 : probabilities.data[digit];
    fill.style.inlineSize = `${p * 100}%`;
    value.textContent = blank ? '–' : percent(p, 1);
    row.classList.toggle('best', digit === best);
  });
  const what = label === undefined ? text().drawing : text().image(label);
  const caption = blank ? text().blank : text().sees(what, best);
  byId('seen-caption').textContent = caption;
  seen.setAttribute('aria-label', caption);
}

/** @param {Look} look */
function drawLayer({ filters, maps }) {
  const weights = largest(filters.data);
  const answers = Math.max(largest(maps.data), weights); // of an empty drawing only the biases: next to nothing
  drawTiles(byId('filters'), filters, (canvas, pixels) => paintSigned(canvas, pixels, weights));
  drawTiles(byId('maps'), maps, (canvas, pixels) => paintInk(canvas, pixels, answers));
}

/**
 * @param {HTMLElement} place
 * @param {Picture} pictures  (n, height, width)
 * @param {(canvas: HTMLCanvasElement, pixels: import('./pixels.js').Pixels) => void} paint
 */
function drawTiles(place, { shape, data }, paint) {
  const [all, height, width] = shape;
  const n = Math.min(all, MOST_TILES);
  while (place.childElementCount > n) place.lastElementChild?.remove();
  while (place.childElementCount < n) place.append(make('span', {}, make('canvas')));
  for (let i = 0; i < n; i++) {
    const pixels = { data: data.subarray(i * height * width, (i + 1) * height * width), width, height };
    paint(/** @type {HTMLCanvasElement} */ (place.children[i].firstChild), pixels);
  }
}
