// Three channels and one kernel as deep as they: a single sum at each place, and so a single channel.

import { texts } from '../language.js';
import { make } from '../views/dom.js';
import { svg } from '../views/svg.js';
import { Slanted } from './directions.js';
import { sumOfProducts } from './formulas.js';
import { addPlayer } from './player.js';
import { Sliding } from './sliding.js';

/** @typedef {import('./tensor.js').Numbers} Numbers */

const CODE = `import pyconvlite.functions as F

# x (C, H, W), one kernel W (C, KH, KW)
y = F.conv2d(x[None], W[None])[0]

# What it does at the place (i, j):
C, KH, KW = W.shape
window = x[:, i:i + KH, j:j + KW]
shares = (window * W).sum(axis=(1, 2))
total = shares.sum()
`;

const RED = [3, 3, 0, 0, 3, 3, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3];
const GREEN = [0, 0, 1, 3, 0, 1, 3, 3, 2, 3, 3, 1, 3, 3, 1, 0];
const BLUE = [0, 1, 3, 3, 1, 2, 3, 3, 0, 0, 1, 2, 0, 0, 0, 1];
const KERNEL = [1, 0, -1, 1, 0, -1, 1, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 0, 1, -1, 0, 1, -1, 0, 1];

const FULL = 3; // what a channel holds where its colour is strongest
const PIXEL = 30; // of the picture

const text = texts(
  {
    picture: 'The same in colour',
    shares: (/** @type {string} */ place, /** @type {string} */ sum) =>
      `${place} = ${sum}: red, green and blue give one share each, and all go into one sum.`,
  },
  {
    picture: '色で見ると',
    shares: (place, sum) => `${place} = ${sum}: 赤・緑・青それぞれの積和を合計すると、1つの数になります。`,
  },
);

export function startChannels() {
  /** @type {Numbers} */
  const x = { shape: [3, 4, 4], data: [...RED, ...GREEN, ...BLUE] };
  /** @type {Numbers} */
  const W = { shape: [3, 3, 3], data: KERNEL };
  const sliding = new Sliding('channels', {
    code: CODE,
    x,
    W,
    outputs: { shares: 1, total: 0 },
    tell: ({ shares, total }, pixel) =>
      text().shares(
        pixel,
        sumOfProducts(
          Array.from(shares.data, (share) => [share]),
          total.data[0],
        ),
      ),
  });
  const { stage } = sliding.lesson;
  const block = new Slanted(x.shape, W.shape, 2);
  const picture = new Picture(x.shape);
  stage.prepend(make('div', { className: 'row' }, block.svg, picture.figure));
  addPlayer(stage, () => sliding.step());
  sliding.start(() => {
    block.draw(sliding.at);
    picture.draw(sliding.x);
  });
}

/** Three channels as one picture in colour. */
class Picture {
  figure;
  #caption = make('figcaption');
  #pixels;

  /** @param {readonly number[]} shape  channels, rows, columns */
  constructor([, rows, columns]) {
    const size = { viewBox: `0 0 ${columns} ${rows}`, 'aria-hidden': 'true' }; // the channels say what is in it
    const picture = svg('svg', { class: 'colours', ...size });
    picture.style.inlineSize = `${columns * PIXEL}px`;
    this.#pixels = Array.from({ length: rows * columns }, (_, i) =>
      svg('rect', { x: i % columns, y: Math.floor(i / columns), width: 1, height: 1 }),
    );
    picture.append(...this.#pixels);
    this.figure = make('figure', { className: 'in-colour' }, this.#caption, picture);
  }

  /** @param {readonly number[]} x  all red, then all green, then all blue */
  draw(x) {
    this.#caption.textContent = text().picture;
    this.#pixels.forEach((pixel, i) => {
      const channels = [0, 1, 2].map((channel) => x[channel * this.#pixels.length + i]);
      pixel.style.fill = `rgb(${channels.map((value) => Math.round((255 * value) / FULL)).join(' ')})`;
    });
  }
}
