// The size of a convolution's output as a calculator: where the kernel fits, what is left over, why nothing fits.

import { texts } from '../language.js';
import { make } from '../views/dom.js';
import { svg } from '../views/svg.js';
import { Lesson } from './lesson.js';

const CODE = `from pyconvlite.utils import get_conv_outsize

OH = get_conv_outsize(H, KH, SH, PH)
OW = get_conv_outsize(W, KW, SW, PW)
`;

const CELL = 20; // units of the drawing
const BAR = 7; // height of a place of the kernel
const MOST = 64; // cells that are drawn

/**
 * @typedef {object} Axis
 * @property {string} input  the knobs' names, and the output's
 * @property {string} kernel
 * @property {string} stride
 * @property {string} pad
 * @property {string} output
 * @property {'rows' | 'columns'} unit
 */

/** @type {Axis[]} */
const AXES = [
  { input: 'H', kernel: 'KH', stride: 'SH', pad: 'PH', output: 'OH', unit: 'rows' },
  { input: 'W', kernel: 'KW', stride: 'SW', pad: 'PW', output: 'OW', unit: 'columns' },
];

const text = texts(
  {
    rows: 'rows',
    columns: 'columns',
    whole: (/** @type {string} */ name, /** @type {number} */ value) => `${name} = ${value}: sizes are whole numbers.`,
    least: (/** @type {string} */ name, /** @type {number} */ value, /** @type {number} */ least) =>
      `${name} = ${value}: it must be at least ${least}.`,
    still: (/** @type {string} */ name, /** @type {number} */ value) =>
      `${name} = ${value}: with a stride below 1 the kernel never moves on.`,
    large: (
      /** @type {string} */ unit,
      /** @type {number} */ k,
      /** @type {string} */ padded,
      /** @type {number} */ n,
      /** @type {number} */ p,
    ) =>
      `Impossible: the kernel has ${k} ${unit}, the padded input has ${padded}, so the kernel fits nowhere. ` +
      `Use a smaller kernel, an input of at least ${n}, or a padding of at least ${p}.`,
    places: (/** @type {number} */ count, /** @type {string} */ unit) =>
      `The kernel fits at ${count} ${count === 1 ? 'place' : 'places'} along the ${unit}.`,
    none: () => 'Nothing is left over.',
    left: (/** @type {number} */ rest, /** @type {string} */ unit, /** @type {boolean} */ onlyPad) =>
      `${rest === 1 ? `The last of the ${unit} is` : `The last ${rest} ${unit} are`} left over: one more stride would go over ` +
      `the edge, so that no output sees ${rest === 1 ? 'it' : 'them'}` +
      (onlyPad ? '; it is padding only.' : '.'),
    drawing: (/** @type {string} */ unit) =>
      `The padded input along its ${unit}, and below it the places of the kernel`,
  },
  {
    rows: '行',
    columns: '列',
    whole: (name, value) => `${name} = ${value}: 大きさは整数でなければなりません。`,
    least: (name, value, least) => `${name} = ${value}: ${least} 以上でなければなりません。`,
    still: (name, value) => `${name} = ${value}: ストライドが 1 未満では、カーネルが先へ進みません。`,
    large: (unit, k, padded, n, p) =>
      `計算できません。カーネルは ${k} ${unit}、パディング後の入力は ${padded} ${unit}なので、カーネルの収まる場所がありません。` +
      `カーネルを小さくするか、入力を ${n} 以上に、またはパディングを ${p} 以上にしてください。`,
    places: (count, unit) => `${unit}の方向には、カーネルの置ける位置が ${count} か所あります。`,
    none: () => '余りはありません。',
    left: (rest, unit, onlyPad) =>
      `最後の ${rest} ${unit}は余ります。もう一歩進むとカーネルがはみ出すため、どの出力からも見られません` +
      (onlyPad ? '(余るのはパディングだけです)。' : '。'),
    drawing: (unit) => `パディング後の入力(${unit}の方向)と、その下にカーネルの置かれる位置を示した図`,
  },
);

export function startOutsize() {
  const lesson = new Lesson('outsize');
  const views = AXES.map((axis) => new View(lesson.stage, axis));
  lesson.start({
    code: CODE,
    inputs: () => ({}),
    outputs: { OH: 0, OW: 0 },
    show(values) {
      const knobs = lesson.knobs();
      const possible = AXES.every((axis) => !obstacle(axis, knobs));
      views.forEach((view) => view.draw(knobs, possible && values ? values[view.axis.output].data[0] : null));
    },
  });
}

/** One axis: its formula, a sentence, a drawing. */
class View {
  axis;
  #formula = make('p', { className: 'equation' });
  #sentence = make('p', { className: 'sentence', role: 'status' });
  #drawing = svg('svg', { class: 'ruler', role: 'img' });

  /** @param {HTMLElement} stage @param {Axis} axis */
  constructor(stage, axis) {
    this.axis = axis;
    stage.append(
      make('div', { className: 'axis', id: `axis-${axis.output}` }, this.#formula, this.#drawing, this.#sentence),
    );
  }

  /** @param {Record<string, number>} knobs @param {number | null} size  what Python found */
  draw(knobs, size) {
    const { axis } = this;
    const [n, k, s, p] = sizes(axis, knobs);
    const { input, kernel, stride, pad, output } = axis;
    this.#formula.replaceChildren(
      `${output} = ⌊(${input} + 2·${pad} − ${kernel}) / ${stride}⌋ + 1`,
      make('br'),
      `${output} = ⌊(${n} + 2·${p} − ${k}) / ${s}⌋ + 1 = `,
      make('strong', { textContent: size === null ? '–' : String(size) }),
    );
    const sentence = obstacle(axis, knobs) ?? (size === null ? '' : outcome(axis, knobs, size));
    if (this.#sentence.textContent !== sentence) this.#sentence.textContent = sentence; // it is spoken
    this.#sentence.classList.toggle('obstacle', obstacle(axis, knobs) !== null);
    this.#drawing.setAttribute('aria-label', text().drawing(text()[axis.unit]));
    this.#drawRuler([n, k, s, p], size);
  }

  /** @param {number[]} sizes @param {number | null} size */
  #drawRuler([n, k, s, p], size) {
    this.#drawing.replaceChildren();
    const padded = n + 2 * p;
    const whole = [n, k, p].every(Number.isInteger) && n >= 0 && k >= 1 && p >= 0;
    const drawable = whole && Math.max(padded, k) <= MOST;
    this.#drawing.style.display = drawable ? '' : 'none';
    if (!drawable) return;
    const seen = size ? (size - 1) * s + k : padded;
    for (let i = 0; i < padded; i++) {
      const kind = i < p || i >= n + p ? 'pad' : 'input';
      const name = `${kind} ${i >= seen ? 'left' : ''}`;
      this.#drawing.append(svg('rect', { class: name, x: i * CELL, y: 0, width: CELL, height: CELL }));
    }
    const tracks = size ? Math.min(size, Math.ceil(k / s)) : 1; // so that no two places overlap
    for (let i = 0; i < (size ?? 1); i++) {
      const y = CELL + 4 + (i % tracks) * (BAR + 3);
      const x = size ? i * s * CELL : 0;
      const name = size ? 'place' : 'place wrong';
      this.#drawing.append(svg('rect', { class: name, x: x + 1, y, width: k * CELL - 2, height: BAR, rx: 3 }));
    }
    const width = Math.max(padded, k) * CELL;
    this.#drawing.setAttribute('viewBox', `-1 -1 ${width + 2} ${CELL + 6 + tracks * (BAR + 3)}`);
    this.#drawing.style.inlineSize = `${width + 2}px`;
  }
}

/** @param {Axis} axis @param {Record<string, number>} knobs */
const sizes = ({ input, kernel, stride, pad }, knobs) => [knobs[input], knobs[kernel], knobs[stride], knobs[pad]];

/** Why there is no output; null where there is one. @param {Axis} axis @param {Record<string, number>} knobs */
function obstacle(axis, knobs) {
  const { input, kernel, stride, pad, unit } = axis;
  const [n, k, s, p] = sizes(axis, knobs);
  for (const name of [input, kernel, stride, pad])
    if (!Number.isInteger(knobs[name])) return text().whole(name, knobs[name]);
  if (s < 1) return text().still(stride, s);
  const least = Object.entries({ [input]: 0, [kernel]: 1, [pad]: 0 }).find(([name, value]) => knobs[name] < value);
  if (least) return text().least(least[0], knobs[least[0]], least[1]);
  if (k <= n + 2 * p) return null;
  const padded = p ? `${n} + 2·${p} = ${n + 2 * p}` : String(n);
  return text().large(text()[unit], k, padded, k - 2 * p, Math.ceil((k - n) / 2));
}

/** @param {Axis} axis @param {Record<string, number>} knobs @param {number} size */
function outcome(axis, knobs, size) {
  const [n, k, s, p] = sizes(axis, knobs);
  const unit = text()[axis.unit];
  const rest = n + 2 * p - k - (size - 1) * s;
  return `${text().places(size, unit)}\n${rest ? text().left(rest, unit, rest <= p) : text().none()}`;
}
