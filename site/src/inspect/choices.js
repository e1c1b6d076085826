// A list of small pictures of which one is chosen: with a click, or with the arrow keys.

import { make } from '../views/dom.js';

/**
 * @typedef {object} Choice
 * @property {string} label  for screen readers, and as a tooltip
 * @property {(canvas: HTMLCanvasElement) => void} paint
 * @property {string} [caption]  below the picture
 * @property {boolean} [flagged]
 */

export class Choices {
  #place;
  #onChoose;
  #columns = 1;

  /**
   * @param {HTMLElement} place  an element with the role of a listbox
   * @param {(index: number) => void} onChoose
   */
  constructor(place, onChoose) {
    this.#place = place;
    this.#onChoose = onChoose;
    place.addEventListener('click', ({ target }) => {
      const option = target instanceof Element ? target.closest('[role="option"]') : null;
      if (option) this.#choose([...place.children].indexOf(option));
    });
    place.addEventListener('keydown', (event) => this.#key(event));
  }

  /**
   * @param {Choice[]} choices
   * @param {number} chosen  -1 for none
   * @param {number} columns  in which they lie
   */
  draw(choices, chosen, columns) {
    this.#columns = columns;
    const { children } = this.#place;
    while (children.length > choices.length) this.#place.lastElementChild?.remove();
    while (children.length < choices.length) {
      const option = make('div', { role: 'option' }, make('canvas'), make('span', { className: 'caption' }));
      this.#place.append(option);
    }
    choices.forEach(({ label, paint, caption = '', flagged = false }, i) => {
      const option = /** @type {HTMLElement} */ (children[i]);
      option.setAttribute('aria-label', label);
      option.title = label;
      option.classList.toggle('flagged', flagged);
      paint(/** @type {HTMLCanvasElement} */ (option.firstChild));
      /** @type {HTMLElement} */ (option.lastChild).textContent = caption;
    });
    this.mark(chosen);
  }

  /** Shows which one is chosen. @param {number} chosen  -1 for none */
  mark(chosen) {
    [...this.#place.children].forEach((option, i) => {
      option.setAttribute('aria-selected', String(i === chosen));
      option.setAttribute('tabindex', i === Math.max(0, chosen) ? '0' : '-1');
    });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { children } = this.#place;
    const at = [...children].indexOf(/** @type {Element} */ (document.activeElement));
    const last = children.length - 1;
    const places = /** @type {Record<string, number>} */ ({
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at - this.#columns,
      ArrowDown: at + this.#columns,
      Home: 0,
      End: last,
      Enter: at,
      ' ': at,
    });
    const next = places[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    if (next < 0 || next > last) return;
    /** @type {HTMLElement} */ (children[next]).focus();
    this.#choose(next);
  }

  /** @param {number} index */
  #choose(index) {
    this.mark(index);
    this.#onChoose(index);
  }
}
