// What the page shows, in one place: views subscribe and draw what they are given, in the visitor's language.

import { onLanguage } from './language.js';

/**
 * @template {object} T
 */
export class Store {
  /** @type {Set<(state: Readonly<T>) => void>} */
  #views = new Set();
  #due = false;

  /** @param {T} state */
  constructor(state) {
    /** @type {Readonly<T>} */
    this.state = state;
  }

  /** Changes what is given; the views draw once, before the next frame. @param {Partial<T>} changes */
  set(changes) {
    this.state = { ...this.state, ...changes };
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      for (const view of this.#views) view(this.state);
    });
  }

  /** Calls a view now and after each change, of the language too. @param {(state: Readonly<T>) => void} view */
  show(view) {
    this.#views.add(view);
    onLanguage(() => view(this.state));
  }

  /**
   * Calls a view with one part of the state, where it is not null: now, when it is another one, and after each change of
   * the language.
   *
   * @template {keyof T} K
   * @param {K} name
   * @param {(part: NonNullable<T[K]>) => void} view
   */
  showPart(name, view) {
    /** @type {T[K] | null} */
    let drawn = null;
    const draw = () => {
      drawn = this.state[name];
      if (drawn !== null && drawn !== undefined) view(/** @type {NonNullable<T[K]>} */ (drawn));
    };
    this.#views.add(() => {
      if (this.state[name] !== drawn) draw();
    });
    onLanguage(draw);
  }
}
