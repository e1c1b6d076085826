// The visitor's classes and their pictures: each change is shown, kept in the browser, and can be taken back.

import { Store } from '../store.js';
import { keepClasses, keptClasses, onOtherTab } from './kept.js';
import { SIDE } from './shots.js';

/**
 * @typedef {import('./shots.js').Shot} Shot
 *
 * @typedef {object} Class
 * @property {number} id  larger than those of the classes before it; no other class ever has the same
 * @property {string} name  '' until it has one
 * @property {Shot[]} shots  oldest first
 *
 * @typedef {object} Own
 * @property {Class[]} classes
 * @property {Class[] | null} former  before something was taken away; null where nothing was
 * @property {'yes' | 'full' | 'no'} kept  whether the browser keeps all of it; 'full' where there is no room
 */

export const MOST_CLASSES = 20;

/** @extends {Store<Own>} */
export class Collection extends Store {
  /** What the browser has, by id. @type {Map<number, Class>} */
  #saved = new Map();
  #saving = Promise.resolve();

  constructor() {
    super({ classes: fresh(), former: null, kept: 'yes' });
  }

  /** Takes up what the last visit left, and from then on what other tabs change. */
  async load() {
    onOtherTab(() => (this.#saving = this.#saving.then(() => this.#takeUp())));
    await this.#takeUp();
  }

  async #takeUp() {
    const before = this.state.classes;
    try {
      const classes = await keptClasses();
      if (this.state.classes !== before) return; // changed here meanwhile, which is saved next
      this.#saved = new Map(classes.map((each) => [each.id, each]));
      if (classes.length) this.set({ classes, former: null });
    } catch {
      this.set({ kept: 'no' });
    }
  }

  /** @param {number} id @param {Shot[]} shots */
  add(id, shots) {
    this.#change(this.#with(id, (each) => ({ ...each, shots: [...each.shots, ...shots] })));
  }

  /** @param {number} id @param {number} index */
  remove(id, index) {
    this.#change(
      this.#with(id, (each) => ({ ...each, shots: each.shots.filter((_, i) => i !== index) })),
      true,
    );
  }

  /** @param {number} id @param {string} name */
  rename(id, name) {
    this.#change(this.#with(id, (each) => ({ ...each, name })));
  }

  addClass() {
    const { classes } = this.state;
    this.#change([...classes, newClass(1 + Math.max(...classes.map(({ id }) => id)))]);
  }

  /** @param {number} id */
  removeClass(id) {
    this.#change(
      this.state.classes.filter((each) => each.id !== id),
      true,
    );
  }

  clear() {
    this.#change(fresh(), true);
  }

  /** Brings back what was taken away last. */
  undo() {
    if (this.state.former) this.#change(this.state.former);
  }

  /** Tries again to keep what the browser had no room for. */
  retry() {
    this.#change(this.state.classes);
  }

  /** @param {number} id @param {(each: Class) => Class} change */
  #with(id, change) {
    return this.state.classes.map((each) => (each.id === id ? change(each) : each));
  }

  /** @param {Class[]} classes @param {boolean} [takesAway] */
  #change(classes, takesAway = false) {
    this.set({ classes, former: takesAway ? this.state.classes : null });
    this.#saving = this.#saving.then(() => this.#save());
  }

  async #save() {
    const { classes } = this.state;
    const changed = classes.filter((each) => this.#saved.get(each.id) !== each);
    const gone = [...this.#saved.keys()].filter((id) => !classes.some((each) => each.id === id));
    try {
      await keepClasses(changed, gone);
      this.#saved = new Map(classes.map((each) => [each.id, each]));
      this.set({ kept: 'yes' });
    } catch (error) {
      this.set({ kept: /** @type {Error} */ (error).name === 'QuotaExceededError' ? 'full' : 'no' });
    }
  }
}

/** Two classes without a picture. */
function fresh() {
  const first = newClass();
  return [first, newClass(first.id + 1)];
}

/** A class without a picture. @param {number} [least]  its id at least @returns {Class} */
const newClass = (least = 0) => ({ id: Math.max(Date.now(), least), name: '', shots: [] });

/** All pictures, as the worker takes them. @param {Class[]} classes @returns {import('../engine/answers.js').Examples} */
export function examplesOf(classes) {
  const shots = classes.flatMap((each, label) => each.shots.map((shot) => ({ ...shot, label })));
  const pixels = new Uint8Array(shots.length * SIDE * SIDE);
  shots.forEach((shot, i) => pixels.set(shot.pixels, i * SIDE * SIDE));
  return {
    pixels,
    drawn: Uint8Array.from(shots, ({ drawn }) => Number(drawn)),
    label: Uint8Array.from(shots, ({ label }) => label),
  };
}
