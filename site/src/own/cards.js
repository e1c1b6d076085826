// The classes as cards: name, pictures, what adds to them, and what the trained network gives the class.

import { onLanguage, texts } from '../language.js';
import { byId, make, percent } from '../views/dom.js';
import { paintInk } from '../views/pixels.js';
import { MOST_CLASSES } from './collection.js';
import { SIDE } from './shots.js';

/**
 * @typedef {import('./collection.js').Class} Class
 * @typedef {import('./collection.js').Collection} Collection
 * @typedef {import('./shots.js').Shot} Shot
 * @typedef {import('./source.js').Mode} Mode
 *
 * @typedef {object} Actions
 * @property {(id: number) => void} add  what the source shows
 * @property {(id: number, files: Iterable<File>) => void} addFiles
 *
 * @typedef {ReturnType<typeof makeCard>} Card  its elements, and the pictures that they show
 *
 * @typedef {object} Answer  what the network gives the classes
 * @property {number[]} ids  of the classes that it knows
 * @property {ArrayLike<number>} probabilities  one for each
 */

const BURST_MS = 200; // between two pictures while the button is held down

const text = texts(
  {
    unnamed: (/** @type {number} */ i) => `Class ${i}`,
    name: (/** @type {number} */ i) => `Name of class ${i}`,
    remove: (/** @type {string} */ name) => `Delete ${name}`,
    removeShot: (/** @type {number} */ i, /** @type {string} */ name) => `Remove picture ${i} of ${name}`,
    shots: (/** @type {number} */ n) => (n === 1 ? '1 picture' : `${n} pictures`),
    meter: (/** @type {string} */ name) => `Probability of ${name}`,
    draw: 'Add the drawing',
    camera: 'Take pictures',
    file: 'Add this picture',
    files: 'Files …',
    filesFor: (/** @type {string} */ name) => `Files for ${name}`,
    hold: 'Hold the button down to take several.',
  },
  {
    unnamed: (i) => `クラス ${i}`,
    name: (i) => `クラス ${i} の名前`,
    remove: (name) => `「${name}」を削除`,
    removeShot: (i, name) => `「${name}」の画像 ${i} を取り除く`,
    shots: (n) => `画像 ${n} 枚`,
    meter: (name) => `「${name}」の確率`,
    draw: '描いた絵を追加',
    camera: '撮影する',
    file: 'この画像を追加',
    files: 'ファイル …',
    filesFor: (name) => `「${name}」に加えるファイル`,
    hold: '押し続けると続けて撮影します。',
  },
);

/** How a class is called. @param {Class} each @param {number} index */
export const nameOf = ({ name }, index) => name.trim() || text().unnamed(index + 1);

export class Cards {
  #collection;
  #actions;
  #place = byId('classes');
  /** @type {Map<number, Card>} */
  #cards = new Map();
  /** @type {Answer | null} */
  #answer = null;
  /** @type {Mode} */
  #mode = 'draw';

  /** @param {Collection} collection @param {Actions} actions */
  constructor(collection, actions) {
    this.#collection = collection;
    this.#actions = actions;
    collection.show(() => this.#draw());
    onLanguage(() => this.#draw());
  }

  /** Shows what the network gives the classes. @param {Answer | null} answer */
  answer(answer) {
    this.#answer = answer;
    this.#collection.state.classes.forEach((each) => this.#drawAnswer(each.id));
  }

  /** Says what the buttons add. @param {Mode} mode */
  mode(mode) {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#draw();
  }

  #draw() {
    const { classes } = this.#collection.state;
    for (const [id, { root }] of this.#cards) {
      if (classes.some((each) => each.id === id)) continue;
      if (root.contains(document.activeElement)) byId('add-class').focus();
      root.remove();
      this.#cards.delete(id);
    }
    classes.forEach((each, index) => {
      let card = this.#cards.get(each.id);
      if (!card) {
        card = makeCard(each.id, this.#collection, this.#actions, () => this.#mode === 'camera');
        this.#cards.set(each.id, card);
      }
      if (this.#place.children[index] !== card.root)
        this.#place.insertBefore(card.root, this.#place.children[index] ?? null);
      this.#drawCard(card, each, index);
      this.#drawAnswer(each.id);
    });
    byId('add-class').setAttribute('aria-disabled', String(classes.length >= MOST_CLASSES));
  }

  /** @param {Card} card @param {Class} each @param {number} index */
  #drawCard(card, each, index) {
    const called = nameOf(each, index);
    if (document.activeElement !== card.name) card.name.value = each.name;
    card.name.placeholder = text().unnamed(index + 1);
    card.name.setAttribute('aria-label', text().name(index + 1));
    card.remove.setAttribute('aria-label', text().remove(called));
    card.remove.hidden = this.#collection.state.classes.length <= 2;
    card.track.setAttribute('aria-label', text().meter(called));
    card.total.textContent = text().shots(each.shots.length);
    card.add.textContent = text()[this.#mode];
    card.add.setAttribute('aria-label', `${text()[this.#mode]}: ${called}`);
    card.add.title = this.#mode === 'camera' ? text().hold : '';
    card.files.textContent = text().files;
    card.files.setAttribute('aria-label', text().filesFor(called));
    card.file.setAttribute('aria-label', text().filesFor(called));
    this.#drawShots(card, each, called);
  }

  /** @param {Card} card @param {Class} each @param {string} called */
  #drawShots({ shots, drawn, add }, { id, shots: all }, called) {
    while (drawn.length > all.length) {
      drawn.pop();
      const last = /** @type {HTMLElement} */ (shots.lastElementChild);
      const left = /** @type {HTMLElement | null | undefined} */ (last.previousElementSibling?.firstElementChild);
      if (last.contains(document.activeElement)) (left ?? add).focus(); // the keyboard stays where it was
      last.remove();
    }
    while (shots.childElementCount < all.length) {
      const index = shots.childElementCount;
      const button = make(
        'button',
        { type: 'button' },
        make('canvas'),
        make('span', { className: 'cross', textContent: '×' }),
      );
      button.addEventListener('click', () => this.#collection.remove(id, index));
      shots.append(make('li', {}, button));
    }
    all.forEach((shot, i) => {
      const button = /** @type {HTMLElement} */ (shots.children[i].firstChild);
      button.setAttribute('aria-label', text().removeShot(i + 1, called));
      if (drawn[i] === shot) return;
      drawn[i] = shot;
      const canvas = /** @type {HTMLCanvasElement} */ (button.firstChild);
      canvas.className = shot.drawn ? 'ink' : '';
      paintInk(canvas, { data: shot.pixels, width: SIDE, height: SIDE }, 255);
    });
  }

  /** @param {number} id */
  #drawAnswer(id) {
    const card = this.#cards.get(id);
    if (!card) return;
    const { fill, value, track, root } = card;
    const at = this.#answer ? this.#answer.ids.indexOf(id) : -1;
    const p = this.#answer && at >= 0 ? this.#answer.probabilities[at] : 0;
    const best = this.#answer && at >= 0 && p === Math.max(...Array.from(this.#answer.probabilities));
    fill.style.inlineSize = `${p * 100}%`;
    value.textContent = at < 0 ? '–' : percent(p, 0);
    track.setAttribute('aria-valuenow', String(Math.round(p * 100)));
    track.setAttribute('aria-valuetext', value.textContent);
    root.classList.toggle('best', Boolean(best));
  }
}

/**
 * @param {number} id
 * @param {Collection} collection
 * @param {Actions} actions
 * @param {() => boolean} isLive  whether the camera is what pictures come from
 */
function makeCard(id, collection, actions, isLive) {
  const name = make('input', { type: 'text', className: 'name', maxLength: 40, autocomplete: 'off' });
  name.addEventListener('input', () => collection.rename(id, name.value));
  const remove = make('button', { type: 'button', className: 'quiet', textContent: '×' });
  remove.addEventListener('click', () => collection.removeClass(id));
  const fill = make('span', { className: 'fill' });
  const track = make('span', { className: 'track' }, fill);
  track.setAttribute('role', 'meter');
  track.setAttribute('aria-valuemin', '0');
  track.setAttribute('aria-valuemax', '100');
  const value = make('span', { className: 'value' });
  const shots = make('ul', { className: 'shots' });
  const total = make('p', { className: 'hint' });
  const add = make('button', { type: 'button', className: 'add' });
  hold(add, () => actions.add(id), isLive);
  const file = make('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true });
  file.addEventListener('change', () => {
    actions.addFiles(id, [...(file.files ?? [])]);
    file.value = ''; // the same files may be chosen again
  });
  const files = make('button', { type: 'button', className: 'files' });
  files.addEventListener('click', () => file.click());
  const root = make(
    'li',
    { className: 'card' },
    make('div', { className: 'card-head' }, name, remove),
    make('div', { className: 'meter' }, track, value),
    make('div', { className: 'buttons' }, add, files, file), // above what grows as they are held
    shots,
    total,
  );
  acceptDrops(root, (dropped) => actions.addFiles(id, dropped));
  /** The pictures that are shown. @type {Shot[]} */
  const drawn = [];
  return { root, name, remove, track, fill, value, shots, total, add, files, file, drawn };
}

/**
 * One picture at a click, several while the button is held down and the camera runs.
 *
 * @param {HTMLElement} button
 * @param {() => void} take
 * @param {() => boolean} isLive
 */
function hold(button, take, isLive) {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let burst;
  let took = false;
  const end = () => clearInterval(burst);
  button.addEventListener('pointerdown', ({ pointerId }) => {
    took = false;
    end();
    if (!isLive()) return;
    button.setPointerCapture(pointerId); // wherever the page moves meanwhile
    burst = setInterval(() => {
      took = true;
      take();
    }, BURST_MS);
  });
  for (const type of ['pointerup', 'lostpointercapture']) button.addEventListener(type, end);
  button.addEventListener('click', ({ detail }) => {
    if (!took || detail === 0) take(); // 0: by keyboard
    took = false;
  });
}

/** Lets pictures be dropped on an element. @param {HTMLElement} place @param {(files: File[]) => void} onFiles */
export function acceptDrops(place, onFiles) {
  const mark = (/** @type {boolean} */ over) => place.classList.toggle('over', over);
  place.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    mark(true);
  });
  place.addEventListener('dragleave', () => mark(false));
  place.addEventListener('drop', (event) => {
    event.preventDefault();
    mark(false);
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}
