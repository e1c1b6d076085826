// A lesson: one section of a chapter with text, knobs, a stage of tensors and the Python that computes them.

import { onLanguage } from '../language.js';
import { byId, make } from '../views/dom.js';
import { Figure } from './figure.js';
import { nested, size, Tensor } from './tensor.js';

/**
 * @typedef {import('./tensor.js').Numbers} Numbers
 *
 * @typedef {import('./tensor.js').Options & {shape: Shape, values: readonly number[]}} GivenOptions  what it holds at first
 * @typedef {readonly number[] | (() => readonly number[])} Shape  as it is, or as the knobs have it
 *
 * @typedef {object} Plan
 * @property {string} code  the lines of Python; they find the given tensors and the knobs as variables
 * @property {Record<string, number | 'text'>} outputs  the variables that they must set, each with its number of axes
 * @property {(values: Record<string, any> | null) => void} show  draws what is given, and what was computed last of it
 * @property {() => Record<string, unknown>} [inputs]  further variables that they find
 * @property {() => void} [reset]  puts those back to where they were at first
 */

/** A place behind a sign, which screen readers hear of from the text. @param {HTMLElement} row @param {string} text */
export function signed(row, text) {
  const sign = make('span', { className: 'sign', textContent: text });
  sign.setAttribute('aria-hidden', 'true');
  const place = make('div', { className: 'signed' }, sign);
  row.append(place);
  return place;
}

/** A tensor that the visitor changes. */
class Given {
  #tensor;
  #shape;
  #values;
  /** @type {Numbers & {data: Float64Array}} */
  numbers;

  /** @param {HTMLElement} place @param {GivenOptions} options @param {() => void} onChange */
  constructor(place, { shape, values, ...options }, onChange) {
    this.#shape = typeof shape === 'function' ? shape : () => shape;
    this.#values = values;
    this.numbers = this.#first();
    const change = (/** @type {number} */ index, /** @type {number} */ value) => {
      this.numbers.data[index] = value;
      onChange();
    };
    this.#tensor = new Tensor(place, { ...options, onChange: change });
  }

  #first() {
    const shape = this.#shape();
    const data = Float64Array.from({ length: size(shape) }, (_, index) => this.#values[index % this.#values.length]);
    return { shape, data };
  }

  /** Starts over. */
  reset() {
    this.numbers = this.#first();
  }

  /** Starts over where the shape has become another. */
  fit() {
    if (String(this.#shape()) !== String(this.numbers.shape)) this.reset();
  }

  /** Shows it. @param {(index: number) => string} [mark]  classes of each number, see Grid */
  draw(mark) {
    this.#tensor.draw(this.numbers, mark);
  }
}

export class Lesson {
  /** Where tensors are put. */
  stage;
  #section;
  /** @type {HTMLInputElement[]} */
  #knobs;
  #sentence = make('p', { className: 'sentence' });
  /** @type {Map<string, Given>} */
  #given = new Map();
  /** @type {Figure | null} */
  #figure = null;
  /** Computed of what is given; null while there is nothing right. @type {Record<string, any> | null} */
  #values = null;
  #show = () => {};

  /** @param {string} id  of the section */
  constructor(id) {
    this.#section = byId(id);
    this.#knobs = [...this.#section.querySelectorAll('.knobs input')].map(
      (knob) => /** @type {HTMLInputElement} */ (knob),
    );
    this.#knobs.forEach(addSteps);
    this.stage = this.#part('.stage');
    this.stage.after(this.#sentence);
    // What stands there before anybody was here is read in its turn, like any text.
    this.#section.addEventListener('focusin', () => this.#sentence.setAttribute('role', 'status'), { once: true });
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
   * @param {GivenOptions} options
   */
  give(place, options) {
    const given = new Given(place, options, () => this.update());
    this.#given.set(options.name, given);
    return given;
  }

  /** Starts it. @param {Plan} plan */
  start({ code, outputs, show, inputs, reset }) {
    let hasDrawn = false;
    this.#show = () => show(this.#values);
    this.#figure = new Figure(this.#part('.code'), {
      code,
      inputs: () => ({
        ...Object.fromEntries([...this.#given].map(([name, { numbers }]) => [name, nested(numbers)])),
        ...this.knobs(),
        ...inputs?.(),
      }),
      outputs,
      draw: (next) => {
        // What a faulty program leaves behind is what was there before, and looks like it.
        this.stage.classList.toggle('stale', next === null && hasDrawn);
        hasDrawn ||= next !== null;
        this.#values = next;
        if (!next) this.say('');
        this.#show();
      },
      reset: () => {
        for (const knob of this.#knobs) knob.value = knob.defaultValue;
        for (const given of this.#given.values()) given.reset();
        this.#values = null;
        reset?.();
      },
    });
    for (const knob of this.#knobs)
      knob.addEventListener('input', () => knob.value !== '' && knob.validity.valid && this.#turned());
    // A button turns the knobs that its data names.
    for (const preset of /** @type {NodeListOf<HTMLElement>} */ (this.#section.querySelectorAll('.presets button')))
      preset.addEventListener('click', () => {
        const wanted = Object.fromEntries(new URLSearchParams(preset.dataset.knobs));
        for (const knob of this.#knobs) knob.value = wanted[knob.name] ?? knob.value;
        this.#turned();
      });
    onLanguage(this.#show);
  }

  #turned() {
    for (const given of this.#given.values()) given.fit();
    this.#values = null; // they may no longer fit what is given
    this.update();
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

/**
 * Buttons beside a number for a finger or a mouse; the keyboard has the arrow keys of the number itself.
 *
 * @param {HTMLInputElement} knob
 */
function addSteps(knob) {
  const button = (/** @type {string} */ sign, /** @type {number} */ step) => {
    const element = make('button', { type: 'button', textContent: sign, tabIndex: -1 });
    element.setAttribute('aria-hidden', 'true');
    element.addEventListener('click', (event) => {
      event.preventDefault(); // or the label hands the click on to the number
      const { min, max, value } = knob;
      const next = Number(value) + step;
      if ((min !== '' && next < Number(min)) || (max !== '' && next > Number(max))) return;
      knob.value = String(next);
      knob.dispatchEvent(new Event('input', { bubbles: true }));
    });
    return element;
  };
  const row = make('span', { className: 'steps' });
  knob.replaceWith(row);
  row.append(button('−', -1), knob, button('+', 1));
}
