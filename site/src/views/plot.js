// Curves by uPlot in the page's colours and font; as wide as their place, and drawn anew when one of these changes.

import uPlot from 'uplot';
import { texts } from '../language.js';
import { count } from './dom.js';

/**
 * @typedef {object} Look  what the style sheet says
 * @property {(name: string) => string} ink  a custom property, such as --accent
 * @property {uPlot.Axis} axis  to begin an axis with
 */

const text = texts(
  { images: (/** @type {number} */ n) => (n < 1000 ? `${n}` : `${n / 1000}k`) },
  { images: (n) => (n < 10_000 ? count(n) : `${n / 10_000}万`) },
);

const HEIGHT = 210;

const dark = matchMedia('(prefers-color-scheme: dark)');

/** A number of images in few characters. @param {number} n */
export const images = (n) => text().images(n);

export class Plot {
  #place;
  #options;
  #data;
  /** @type {uPlot | null} */
  #plot = null;

  /**
   * @param {HTMLElement} place
   * @param {(look: Look) => Pick<uPlot.Options, 'scales' | 'axes' | 'series'>} options
   * @param {() => uPlot.AlignedData} data  as it is now
   */
  constructor(place, options, data) {
    this.#place = place;
    this.#options = options;
    this.#data = data;
    this.rebuild();
    document.fonts.ready.then(() => this.rebuild()); // uPlot keeps the font that it first drew with
    dark.addEventListener('change', () => this.rebuild());
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(place);
  }

  /** Shows the data as it is now. */
  redraw() {
    this.#plot?.setData(this.#data());
  }

  /** The same with the options as they are now. */
  rebuild() {
    const page = getComputedStyle(document.documentElement);
    const ink = (/** @type {string} */ name) => page.getPropertyValue(name).trim();
    const font = `12px ${page.getPropertyValue('--sans')}`;
    const axis = { stroke: ink('--muted'), font, grid: { stroke: ink('--line'), width: 1 }, ticks: { show: false } };
    this.#plot?.destroy();
    this.#plot = new uPlot(
      {
        ...this.#size(),
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 12, 0, 0],
        ...this.#options({ ink, axis }),
      },
      this.#data(),
      this.#place,
    );
  }

  #size() {
    return { width: this.#place.clientWidth, height: HEIGHT };
  }
}
