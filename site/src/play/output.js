// What a program prints and shows. Nothing of it is trusted: text stands as text, pictures as <img>, and HTML in a
// frame where no script runs.

import { onLanguage, texts } from '../language.js';
import { messageOf, told } from '../message.js';
import { make } from '../views/dom.js';
import { svgOf } from './graph.js';
import { makeFrame } from './html.js';

/**
 * @typedef {import('../engine/runner.worker.js').Image} Image
 * @typedef {import('../engine/runner.worker.js').Graph} Graph
 * @typedef {import('../engine/runner.worker.js').Html} Html
 *
 * @typedef {{kind: 'text', text: string}} Text
 * @typedef {{kind: 'entry', text: string}} Entry  a line that the visitor entered
 * @typedef {{kind: 'fault', text: string, line: number | null}} Wrong  a traceback, and the program's line
 * @typedef {{kind: 'stopped'}} Stopped  the program was
 * @typedef {Text | Entry | Wrong | Stopped | Image | Graph | Html} Item
 */

const MOST_LETTERS = 100_000; // of text; the oldest goes
const MOST_ITEMS = 300;

const text = texts(
  {
    stopped: 'Stopped. The program’s variables are gone.',
    toLine: (/** @type {number} */ line) => `Go to line ${line}`,
    picture: 'A picture that the program shows',
    graph: 'Computation graph',
    drawing: 'Drawing the graph …',
    notDrawn: (/** @type {string} */ why) => `The graph could not be drawn: ${why}`,
    cut: 'Earlier output was left out.',
  },
  {
    stopped: '停止しました。プログラムの変数は失われました。',
    toLine: (line) => `${line} 行目へ移動`,
    picture: 'プログラムが表示した画像',
    graph: '計算グラフ',
    drawing: 'グラフを描画しています …',
    notDrawn: (why) => `グラフを描画できませんでした: ${why}`,
    cut: 'これより前の出力は省略されました。',
  },
);

export class Output {
  #place;
  #onLine;
  /** @type {Item[]} */
  #items = [];
  #letters = 0;
  /** Whether something was left out at the beginning. */
  #cut = false;
  /** @type {Map<Item, HTMLElement>} */
  #drawn = new Map();
  /** Texts that grew since they were drawn. @type {Set<Item>} */
  #grown = new Set();
  #due = false;
  /** Whether the end stays in view, as long as nobody scrolls away from it. */
  #follows = true;
  #top = 0;
  /** Pictures and frames grow when they are there. */
  #sizes = new ResizeObserver(() => this.#follow());

  /**
   * @param {HTMLElement} place
   * @param {(line: number) => void} onLine  asked for by the visitor
   */
  constructor(place, onLine) {
    this.#place = place;
    this.#onLine = onLine;
    onLanguage(() => this.#redraw());
    place.addEventListener('scroll', () => this.#onScroll());
  }

  get isEmpty() {
    return this.#items.length === 0;
  }

  /** @param {string} more */
  print(more) {
    if (!more) return;
    const last = this.#items.at(-1);
    if (last?.kind === 'text') {
      this.#letters -= last.text.length;
      last.text = joined(last.text, more);
      this.#letters += last.text.length;
      this.#grown.add(last);
      this.#trim();
    } else this.add({ kind: 'text', text: joined('', more) });
  }

  /** @param {Item} item */
  add(item) {
    this.#items.push(item);
    if ('text' in item) this.#letters += item.text.length;
    this.#trim();
  }

  clear() {
    this.#items = [];
    this.#letters = 0;
    this.#cut = false;
    this.#follows = true;
    this.#draw();
  }

  /** All of it as text, for the next visit. */
  async packed() {
    const items = this.#items.map(async (item) =>
      item.kind === 'image' ? { ...item, data: await dataUrl(item) } : item,
    );
    return JSON.stringify(await Promise.all(items));
  }

  /** @param {string} packed  by packed() */
  async unpack(packed) {
    const items = JSON.parse(packed);
    for (const item of items) {
      if (item.kind === 'image') item.data = await bytesOf(item.data);
      this.add(item);
    }
  }

  #trim() {
    while (this.#letters > MOST_LETTERS || this.#items.length > MOST_ITEMS) {
      const first = this.#items[0];
      const excess = this.#letters - MOST_LETTERS;
      this.#cut = true;
      if (first.kind === 'text' && this.#items.length <= MOST_ITEMS && first.text.length > excess) {
        first.text = first.text.slice(excess);
        this.#letters -= excess;
        this.#grown.add(first);
      } else {
        this.#items.shift();
        if ('text' in first) this.#letters -= first.text.length;
      }
    }
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#due = false;
    const place = this.#place;
    const present = new Set(this.#items);
    for (const [item, element] of this.#drawn) {
      if (!present.has(item)) this.#remove(item, element);
    }
    for (const item of this.#items) {
      const element = this.#drawn.get(item);
      if (!element) {
        const made = this.#make(item);
        this.#drawn.set(item, made);
        place.append(made);
        this.#sizes.observe(made);
      } else if (this.#grown.has(item)) element.textContent = /** @type {Text} */ (item).text;
    }
    this.#grown.clear();
    place.querySelector('.cut')?.remove();
    if (this.#cut) place.prepend(make('p', { className: 'hint cut', textContent: text().cut }));
    this.#follow();
  }

  #onScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.#place;
    if (scrollHeight - scrollTop - clientHeight < 40) this.#follows = true;
    else if (scrollTop < this.#top) this.#follows = false;
    this.#top = scrollTop;
  }

  #follow() {
    if (this.#follows) this.#place.scrollTop = this.#place.scrollHeight;
  }

  /** Anew, in the language of now. */
  #redraw() {
    for (const [item, element] of this.#drawn) this.#remove(item, element);
    this.#draw();
  }

  /** @param {Item} item @param {HTMLElement} element  that draws it */
  #remove(item, element) {
    element.querySelectorAll('img').forEach(({ src }) => URL.revokeObjectURL(src));
    element.remove();
    this.#drawn.delete(item);
  }

  /** @param {Item} item @returns {HTMLElement} */
  #make(item) {
    switch (item.kind) {
      case 'text':
        return make('pre', { textContent: item.text });
      case 'entry':
        return make('pre', { className: 'entered', textContent: item.text });
      case 'stopped':
        return make('p', { className: 'said', textContent: text().stopped });
      case 'fault':
        return this.#makeFault(item);
      case 'image':
        return makeImage(item);
      case 'graph':
        return makeGraph(item);
      case 'html':
        return makeFrame(item);
    }
  }

  /** @param {Wrong} item */
  #makeFault({ text: traceback, line }) {
    const place = make('div', { className: 'wrong' }, make('pre', { textContent: traceback }));
    if (line !== null) {
      const button = make('button', { type: 'button', textContent: text().toLine(line) });
      button.addEventListener('click', () => this.#onLine(line));
      place.append(button);
    }
    return place;
  }
}

/** @param {Image} image */
function makeImage({ type, data, alt, scale }) {
  const picture = make('img', { alt: alt || text().picture });
  picture.addEventListener('load', () => (picture.width = picture.naturalWidth / scale));
  picture.src = URL.createObjectURL(new Blob([data], { type }));
  return make('div', { className: 'shown' }, picture);
}

/** @param {Graph} graph */
function makeGraph({ dot }) {
  const place = make('div', { className: 'shown graph', tabIndex: 0, role: 'group', ariaLabel: text().graph });
  place.textContent = text().drawing;
  svgOf(dot).then(
    (svg) => {
      const src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
      place.replaceChildren(make('img', { alt: text().graph, src }));
    },
    (error) => place.replaceChildren(text().notDrawn(told(messageOf(error))), make('pre', { textContent: dot })),
  );
  return place;
}

/**
 * Text and what comes after it; a carriage return goes back to the beginning of its line.
 *
 * @param {string} before
 * @param {string} more
 */
function joined(before, more) {
  if (!before.endsWith('\r') && !more.includes('\r')) return before + more;
  const start = before.lastIndexOf('\n') + 1;
  const lines = (before.slice(start) + more).replaceAll(/\r+\n/g, '\n');
  return before.slice(0, start) + lines.replaceAll(/[^\r\n]*\r+(?=[^\r\n])/g, '');
}

/** @param {Image} image @returns {Promise<string>} */
const dataUrl = ({ type, data }) =>
  new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(/** @type {string} */ (reader.result));
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(new Blob([data], { type }));
  });

/** @param {string} url  by dataUrl() */
function bytesOf(url) {
  const text = atob(url.slice(url.indexOf(',') + 1));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
