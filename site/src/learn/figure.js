// A figure: numbers that the visitor changes, a few lines of Python that compute the rest, and what is drawn of it. The
// lines are shown and can be edited; whatever is changed, they run again.

import { onLanguage, texts } from '../language.js';
import { messageOf, told } from '../message.js';
import { LinkError, linkTo } from '../play/share.js';
import { make } from '../views/dom.js';
import { Editor } from '../views/editor.js';
import { run, stop, whenNear } from './chapter.js';
import { programOf } from './program.js';
import { shapeText } from './tensor.js';

/**
 * @typedef {import('../engine/runner.worker.js').Values} Values
 *
 * @typedef {object} Plan
 * @property {string} code  the lines of Python
 * @property {() => Record<string, unknown>} inputs  the variables that they find
 * @property {Record<string, number | 'text'>} outputs  the variables that they must set, each with its number of axes
 * @property {(values: Record<string, any> | null) => void} draw  shows the inputs, and the outputs once they are there
 * @property {() => void} [reset]  puts back the inputs that the figure had at first
 */

const SECONDS = 10; // a program may take
const MOST = 4096; // numbers of one output that a figure draws
const LONGEST = 60; // characters of an output that is none of numbers
const PATIENCE = 1000; // milliseconds, after which a figure says that it computes

const text = texts(
  {
    code: 'The Python of this figure',
    computing: 'Python is computing …',
    stop: 'Stop',
    reset: 'Start over',
    play: 'Open in the playground',
    long: 'The program is too long for a link; copy it instead.',
    none: (/** @type {string} */ name) => `The code must set the variable ${name}.`,
    words: (/** @type {string} */ name, /** @type {string} */ value) =>
      `${name} is '${value}'; this figure draws numbers.`,
    axes: (/** @type {string} */ name, /** @type {string} */ shape, /** @type {number} */ axes) =>
      `${name} has the shape ${shape}; this figure draws one with ${axes} axes.`,
    large: (/** @type {string} */ name, /** @type {string} */ shape) =>
      `${name} has the shape ${shape}: too many numbers to draw.`,
  },
  {
    code: 'この図を計算する Python',
    computing: 'Python が計算しています …',
    stop: '停止',
    reset: '最初の状態に戻す',
    play: 'Python で試す',
    long: 'プログラムが長すぎて、リンクで開けません。コピーして使ってください。',
    none: (name) => `コードの中で変数 ${name} を定義してください。`,
    words: (name, value) => `${name} は '${value}' ですが、この図に描けるのは数だけです。`,
    axes: (name, shape, axes) => `${name} の形状は ${shape} ですが、この図に描けるのは ${axes} 軸の配列です。`,
    large: (name, shape) => `${name} の形状は ${shape} で、描くには数が多すぎます。`,
  },
);

export class Figure {
  #plan;
  #editor;
  #reset = make('button', { type: 'button' });
  /** There while a program takes long. */
  #stop = make('button', { type: 'button', hidden: true });
  #said = make('p', { className: 'said', role: 'status' });
  #printed = make('pre', { className: 'printed', tabIndex: 0, hidden: true });
  #due = false;
  #runs = false;
  #isRight = false; // whether the outputs that are drawn are those of the last program
  /** What stands below the code: an error of Python's, or a sentence of ours. @type {() => string} */
  #message = () => '';

  /**
   * @param {HTMLElement} place  where code and messages go: an empty element of the figure
   * @param {Plan} plan
   */
  constructor(place, plan) {
    this.#plan = plan;
    const start = plan.code.trimEnd();
    this.#reset.addEventListener('click', () => {
      this.#editor.code = start;
      plan.reset?.();
      this.update();
    });
    const code = make('div');
    this.#editor = new Editor(code, {
      code: start,
      label: () => text().code,
      onChange: () => this.update(),
      onRun: () => this.update(),
    });
    const play = make('button', { type: 'button', className: 'play-on' });
    play.addEventListener('click', () => this.#playOn());
    this.#stop.addEventListener('click', stop);
    const buttons = make('div', { className: 'buttons' }, this.#reset, play, this.#stop);
    place.append(code, buttons, this.#said, this.#printed);
    onLanguage(() => {
      this.#reset.textContent = text().reset;
      play.textContent = text().play;
      this.#stop.textContent = text().stop;
      this.#editor.relabel();
      this.#said.textContent = this.#message();
    });
    plan.draw(null);
    whenNear(place.closest('.lesson') ?? place, () => this.update());
  }

  /** Computes and draws anew; while it does, the latest wish wins. */
  async update() {
    this.#due = true;
    if (this.#runs) return;
    this.#runs = true;
    while (this.#due) {
      this.#due = false;
      if (!this.#isRight) this.#plan.draw(null); // what the visitor changed is shown while Python starts
      await this.#compute();
    }
    this.#runs = false;
  }

  async #compute() {
    const { inputs, outputs, draw } = this.#plan;
    let printed = '';
    const slow = setTimeout(() => {
      this.#say(() => text().computing, true);
      this.#stop.hidden = false;
    }, PATIENCE);
    try {
      const { values, fault } = await run(
        { code: this.#editor.code, inputs: inputs(), outputs: Object.keys(outputs) },
        { seconds: SECONDS, onOutput: (more) => (printed = (printed + more).slice(-10_000)) },
      );
      this.#editor.mark(fault?.line ?? null);
      const wrong = fault ? () => fault.message : misfit(values, outputs);
      this.#say(wrong ?? (() => ''));
      this.#isRight = !wrong;
      draw(wrong ? null : values);
    } catch (error) {
      const message = messageOf(/** @type {Error} */ (error)); // the program took too long, or Python did not start
      this.#say(() => told(message));
      this.#isRight = false;
      draw(null);
    } finally {
      clearTimeout(slow);
      if (document.activeElement === this.#stop) this.#reset.focus(); // this button goes
      this.#stop.hidden = true;
    }
    this.#printed.textContent = printed;
    this.#printed.hidden = printed === '';
  }

  /** Opens what stands there as a program of its own. */
  async #playOn() {
    const { inputs, outputs } = this.#plan;
    try {
      open(await linkTo(programOf(inputs(), this.#editor.code, Object.keys(outputs))), '_blank', 'noopener');
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#say(() => text().long);
    }
  }

  /** @param {() => string} message  in the visitor's language @param {boolean} [isCalm]  whether nothing is wrong */
  #say(message, isCalm = false) {
    this.#message = message;
    this.#said.classList.toggle('calm', isCalm);
    this.#said.textContent = message();
  }
}

/**
 * What keeps the outputs from being drawn.
 *
 * @param {Record<string, Values | string>} values
 * @param {Plan['outputs']} outputs
 * @returns {(() => string) | undefined}
 */
function misfit(values, outputs) {
  for (const [name, axes] of Object.entries(outputs)) {
    const value = values[name];
    if (value === undefined) return () => text().none(name);
    if (axes === 'text') continue;
    if (typeof value === 'string') return () => text().words(name, value.slice(0, LONGEST));
    const shape = shapeText(value.shape);
    if (value.shape.length !== axes) return () => text().axes(name, shape, axes);
    if (value.data.length > MOST) return () => text().large(name, shape);
  }
  return undefined;
}
