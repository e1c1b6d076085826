// A lesson: one section of a chapter with text, knobs, a stage and the Python of its figure.

import { onLanguage } from '../language.js';
import { byId, make } from '../views/dom.js';
import { Figure } from './figure.js';

/**
 * @typedef {import('./figure.js').Values} Values
 *
 * @typedef {object} Plan
 * @property {string} code  the lines of Python
 * @property {() => Record<string, unknown>} inputs  the variables that they find beside the knobs'
 * @property {Record<string, number>} outputs  the variables that they must set, each with its number of axes
 * @property {(values: Record<string, Values> | null) => void} show  draws the inputs, and what was computed last of them
 */

/** A place behind a sign, which screen readers hear of from the text. @param {HTMLElement} row @param {string} text */
export function signed(row, text) {
  const sign = make('span', { className: 'sign', textContent: text });
  sign.setAttribute('aria-hidden', 'true');
  const place = make('div', { className: 'signed' }, sign);
  row.append(place);
  return place;
}

export class Lesson {
  /** Where tensors are put. */
  stage;
  #section;
  #sentence = make('p', { className: 'sentence', role: 'status' });
  /** @type {Figure | null} */
  #figure = null;
  #show = () => {};

  /** @param {string} id  of the section */
  constructor(id) {
    this.#section = byId(id);
    this.stage = this.#part('.stage');
    this.stage.after(this.#sentence);
  }

  /** Starts it. @param {Plan} plan */
  start({ code, inputs, outputs, show }) {
    /** @type {Record<string, Values> | null} */
    let values = null;
    this.#show = () => show(values);
    const knobs = /** @type {NodeListOf<HTMLInputElement>} */ (this.#section.querySelectorAll('.knobs input'));
    this.#figure = new Figure(this.#part('.code'), {
      code,
      inputs: () => ({ ...inputs(), ...Object.fromEntries([...knobs].map(({ name, value }) => [name, Number(value)])) }),
      outputs,
      draw: (next) => {
        // What a faulty program leaves behind is what was there before, and looks like it.
        this.stage.classList.toggle('stale', next === null && values !== null);
        values = next ?? values;
        this.#show();
      },
    });
    for (const knob of knobs) knob.addEventListener('input', () => knob.value !== '' && knob.validity.valid && this.update());
    onLanguage(this.#show);
  }

  /** A line of the stage, for tensors and the signs between them. */
  row() {
    const row = make('div', { className: 'row' });
    this.stage.append(row);
    return row;
  }

  /** Computes anew, after the visitor changed a number. */
  update() {
    this.#figure?.update();
  }

  /** Draws anew, after the visitor pointed elsewhere. */
  show() {
    this.#show();
  }

  /** Says in one sentence what is marked. @param {string} text */
  say(text) {
    if (this.#sentence.textContent !== text) this.#sentence.textContent = text;
  }

  /** @param {string} selector */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.#section.querySelector(selector));
  }
}
