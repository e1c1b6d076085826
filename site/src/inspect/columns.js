// The layers as columns: of each what it does, how its activations went, and its maps.

import { byId, make, percent } from '../views/dom.js';
import { largest, paintInk, paintSigned } from '../views/pixels.js';
import { Choices } from './choices.js';
import { number, stageName, text } from './words.js';

/**
 * @typedef {import('./inspector.js').Inspector} Inspector
 * @typedef {import('./inspector.js').Inspection} Inspection
 * @typedef {import('../engine/answers.js').Stage} Stage
 * @typedef {import('../engine/answers.js').Histogram} Histogram
 * @typedef {NonNullable<import('../lab-state.js').LabState['seen']>} Seen
 */

const ROWS = 40; // of the picture of activations over time

/**
 * @typedef {object} Column  the elements of one stage
 * @property {HTMLElement} root
 * @property {HTMLElement} name
 * @property {HTMLElement} kind
 * @property {HTMLElement} shape
 * @property {HTMLCanvasElement} activations
 * @property {HTMLElement} range  of the activations
 * @property {HTMLElement} facts
 * @property {HTMLElement} list
 * @property {Choices} maps
 */

/**
 * @param {Inspector} inspector
 * @param {() => Seen | null} seen  the picture that is inspected
 * @param {(label: number) => string} nameOf  a class, for people
 */
export function showColumns(inspector, seen, nameOf) {
  const place = byId('columns');
  const first = pictureColumn((target) => inspector.explain(target), nameOf);
  place.append(first.root);
  /** @type {Column[]} */
  const columns = [];
  /** What was drawn last, of each. @type {Partial<Inspection> & {language?: string}} */
  let drawn = {};

  inspector.show(({ report, measures, history, place: chosen }) => {
    if (!report) return;
    const { stages } = report;
    const { lang } = document.documentElement;
    while (columns.length > stages.length) columns.pop()?.root.remove();
    while (columns.length < stages.length) {
      const stage = columns.length;
      const column = makeColumn((channel) => inspector.choose({ stage, channel }));
      columns.push(column);
      place.append(column.root);
    }
    if (report !== drawn.report || lang !== drawn.language) first.draw(seen(), report);
    stages.forEach((stage, i) => {
      const measure = measures?.[i] ?? null;
      const selected = chosen?.stage === i ? chosen.channel : -1;
      if (report !== drawn.report || measures !== drawn.measures || lang !== drawn.language) {
        drawStage(columns[i], stage, measure, selected);
      } else columns[i].maps.mark(selected);
      if (history !== drawn.history)
        drawActivations(
          columns[i],
          history.map((entry) => entry.measures[i].histogram),
        );
    });
    drawn = { report, measures, history, language: lang };
  });
}

/** @param {(target: number | null) => void} onExplain @param {(label: number) => string} nameOf */
function pictureColumn(onExplain, nameOf) {
  const name = make('h4');
  const shape = make('p', { className: 'hint' });
  const picture = make('canvas', { className: 'ink' });
  const saliency = make('canvas', { className: 'ink', id: 'saliency' });
  const caption = make('figcaption', { className: 'hint' });
  const target = make('select', { id: 'saliency-class' });
  target.addEventListener('change', () => onExplain(target.value === '' ? null : Number(target.value)));
  const label = make('span');
  const root = make(
    'div',
    { className: 'column', hidden: true }, // until there is something to show
    make('div', { className: 'head' }, name, shape),
    make('figure', { className: 'given' }, picture, saliency, caption, make('label', {}, label, target)),
  );
  return {
    root,
    /** @param {Seen | null} seen @param {import('./inspector.js').Report} report */
    draw(seen, report) {
      root.hidden = false;
      name.textContent = text().picture;
      shape.textContent = text().pictureShape;
      for (const canvas of [picture, saliency]) canvas.setAttribute('role', 'img'); // not before there is one
      picture.setAttribute('aria-label', text().picture);
      if (seen) {
        const isPhoto = 'drawn' in seen.source && !seen.source.drawn;
        picture.classList.toggle('ink', !isPhoto); // ink is inverted in the dark
        paintInk(picture, { data: seen.look.picture.data, width: 28, height: 28 }, 1);
      }
      paintInk(saliency, { data: report.saliency.data, width: 28, height: 28 }, largest(report.saliency.data));
      caption.textContent = text().saliency(nameOf(report.target));
      saliency.setAttribute('aria-label', caption.textContent);
      label.textContent = text().target;
      const classes = report.stages[report.stages.length - 1].maps.shape[0];
      while (target.options.length > 1 + classes) target.remove(target.options.length - 1);
      while (target.options.length < 1 + classes) target.add(new Option());
      [...target.options].forEach((option, i) => {
        option.text = i ? nameOf(i - 1) : text().answer;
        option.value = i ? String(i - 1) : '';
      });
    },
  };
}

/** @param {(channel: number) => void} onChoose @returns {Column} */
function makeColumn(onChoose) {
  const name = make('h4');
  const kind = make('p');
  const shape = make('p', { className: 'hint' });
  const activations = make('canvas', { className: 'ink activations', width: 1, height: ROWS });
  const range = make('p', { className: 'hint range' });
  const facts = make('p', { className: 'facts' });
  const list = make('div', { className: 'maps', role: 'listbox' });
  const head = make('div', { className: 'head' }, name, kind, shape);
  const root = make('div', { className: 'column' }, head, make('div', {}, activations, range), facts, list);
  return { root, name, kind, shape, activations, range, facts, list, maps: new Choices(list, onChoose) };
}

/**
 * @param {Column} column
 * @param {Stage} stage
 * @param {import('../engine/answers.js').Measure | null} measure
 * @param {number} selected
 */
function drawStage(column, stage, measure, selected) {
  const { maps, kind } = stage;
  const [n, height, width] = maps.shape;
  const area = height * width;
  const full = largest(maps.data);
  column.name.textContent = stageName(stage);
  column.kind.textContent = stage.layer ? text().kind(kind) : '';
  column.shape.textContent = text().shape(maps.shape);
  column.list.setAttribute('aria-label', `${stageName(stage)}: ${text().shape(maps.shape)}`);
  const side = perRow(n);
  column.list.classList.toggle('units', area === 1);
  column.list.style.setProperty('--columns', String(side));
  const choices = Array.from({ length: n }, (_, channel) => {
    const data = maps.data.subarray(channel * area, (channel + 1) * area);
    const flagged = measure?.dead.includes(channel) ?? false;
    const range = text().map(channel + 1, Math.min(...data), Math.max(...data));
    return {
      label: flagged ? `${range}, ${text().dead}` : range,
      paint: (/** @type {HTMLCanvasElement} */ canvas) => paintSigned(canvas, { data, width, height }, full),
      flagged,
      caption: area === 1 && n <= 10 ? number(data[0]) : '',
    };
  });
  column.maps.draw(choices, selected, side);
  column.facts.textContent = measure?.dead.length ? text().deadCount(measure.dead.length, n) : '';
  if (!measure) return;
  const { low, high } = measure.histogram;
  const label = text().activations(number(low), number(high), percent(measure.zeros, 0));
  column.activations.setAttribute('role', 'img'); // with its first label
  column.activations.setAttribute('aria-label', label);
  column.activations.title = label;
}

/** How many maps lie side by side. @param {number} n */
const perRow = (n) => (n <= 10 ? 1 : n <= 16 ? 2 : n <= 36 ? 4 : 10);

/** The histograms side by side, oldest first, on one scale; the darker, the denser. @param {Column} column @param {Histogram[]} histograms */
function drawActivations({ activations, range }, histograms) {
  const width = histograms.length;
  range.textContent = '';
  if (!width) return;
  const low = Math.min(...histograms.map((histogram) => histogram.low));
  const high = Math.max(...histograms.map((histogram) => histogram.high));
  range.textContent = `${low.toFixed(1)} … ${high.toFixed(1)}`.replaceAll('-', '−');
  const data = new Float32Array(ROWS * width);
  histograms.forEach(({ low: from, high: to, counts }, column) => {
    const bin = (to - from) / counts.length;
    const all = counts.reduce((sum, count) => sum + count, 0);
    for (let row = 0; row < ROWS; row++) {
      const value = high - ((row + 0.5) / ROWS) * (high - low);
      const count = counts[Math.floor((value - from) / bin)] ?? 0;
      data[row * width + column] = Math.sqrt(count / all);
    }
  });
  paintInk(activations, { data, width, height: ROWS }, largest(data));
}
