// A lesson: one section of a chapter with text, knobs, a stage of tensors and the Python that computes them.

import { onLanguage } from '../language.js';
import { byId, make } from '../views/dom.js';
import { Figure } from './figure.js';
import { nested, Tensor } from './tensor.js';

/**
 * @typedef {import('./figure.js').Values} Values
 * @typedef {import('./tensor.js').Numbers} Numbers
 *
 * @typedef {object} Given  a tensor that the visitor changes
 * @property {Numbers} numbers
 * @property {(mark?: (index: number) => string) => void} draw  see Tensor
 *
 * @typedef {object} Plan
 * @property {string} code  the lines of Python; they find the given tensors and the knobs as variables
 * @property {Record<string, number>} outputs  the variables that they must set, each with its number of axes
 * @property {(values: Record<string, Values> | null) => void} show  draws what is given, and what was computed last of it
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
  /** @type {HTMLInputElement[]} */
  #knobs;
  #sentence = make('p', { className: 'sentence', role: 'status' });
  /** @type {Map<string, {given: Given, reset: () => void}>} */
  #given = new Map();
  /** @type {Figure | null} */
  #figure = null;
  #show = () => {};

  /** @param {string} id  of the section */
  constructor(id) {
    this.#section = byId(id);
    this.#knobs = [...this.#section.querySelectorAll('.knobs input')].map(
      (knob) => /** @type {HTMLInputElement} */ (knob),
    );
    this.stage = this.#part('.stage');
    this.stage.after(this.#sentence);
  }

  /** What the knobs say, by their names. @returns {Record<string, number>} */
  knobs() {
    return Object.fromEntries(this.#knobs.map(({ name, value }) => [name, Number(value)]));
  }

  /** A line of the stage, for tensors and the signs between them. */
  row() {
    const row = make('div', { className: 'row' });
    this.stage.append(row);
    return row;
  }

  /**
   * A tensor that the visitor changes.
   *
   * @param {HTMLElement} place  which it is appended to
   * @param {import('./tensor.js').Options & {shape: readonly number[], values: readonly number[]}} options  and what it holds at first
   * @returns {Given}
   */
  give(place, { shape, values, ...options }) {
    const data = Float64Array.from(values);
    const change = (/** @type {number} */ index, /** @type {number} */ value) => {
      data[index] = value;
      this.update();
    };
    const tensor = new Tensor(place, { ...options, onChange: change });
    const numbers = { shape, data };
    const given = {
      numbers,
      draw: (/** @type {((index: number) => string) | undefined} */ mark) => tensor.draw(numbers, mark),
    };
    this.#given.set(options.name, { given, reset: () => data.set(values) });
    return given;
  }

  /** Starts it. @param {Plan} plan */
  start({ code, outputs, show }) {
    /** @type {Record<string, Values> | null} */
    let values = null;
    this.#show = () => show(values);
    this.#figure = new Figure(this.#part('.code'), {
      code,
      inputs: () =>
        Object.fromEntries([
          ...[...this.#given].map(([name, { given }]) => [name, nested(given.numbers)]),
          ...Object.entries(this.knobs()),
        ]),
      outputs,
      draw: (next) => {
        // What a faulty program leaves behind is what was there before, and looks like it.
        this.stage.classList.toggle('stale', next === null && values !== null);
        values = next ?? values;
        this.#show();
      },
      reset: () => {
        for (const { reset } of this.#given.values()) reset();
        for (const knob of this.#knobs) knob.value = knob.defaultValue;
      },
    });
    for (const knob of this.#knobs)
      knob.addEventListener('input', () => knob.value !== '' && knob.validity.valid && this.update());
    // A button turns the knobs that its data names.
    for (const preset of /** @type {NodeListOf<HTMLElement>} */ (this.#section.querySelectorAll('.presets button')))
      preset.addEventListener('click', () => {
        const wanted = Object.fromEntries(new URLSearchParams(preset.dataset.knobs));
        for (const knob of this.#knobs) knob.value = wanted[knob.name] ?? knob.value;
        this.update();
      });
    onLanguage(this.#show);
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
