// The result of the test: accuracy, confusion matrix, worst mistakes.

import { byId, count, make, percent, setEnabled } from './dom.js';
import { paintInk } from './pixels.js';

/**
 * @typedef {import('../lab.js').Lab} Lab
 * @typedef {import('../engine/engine.worker.js').TestResult} TestResult
 * @typedef {import('../engine/engine.worker.js').Mistake} Mistake
 */

/** @param {Lab} lab @param {(index: number) => void} showTestImage */
export function showResults(lab, showTestImage) {
  byId('test').addEventListener('click', () => lab.test());
  /** @type {unknown} */
  let drawn = null;
  lab.show(({ phase, result, testing }) => {
    setEnabled('test', phase === 'idle');
    byId('test-result').hidden = result === null;
    byId('test-empty').hidden = result !== null;
    byId('test-empty').textContent = testing
      ? `${count(testing.tested)} of ${count(testing.total)} images tested …`
      : 'Results come here once the training is done.';
    if (!result || result === drawn) return;
    drawn = result;
    drawScore(result);
    drawConfusion(result.confusion);
    byId('mistakes').replaceChildren(...result.mistakes.map((mistake) => picture(mistake, showTestImage)));
  });
}

/** @param {TestResult} result */
function drawScore({ accuracy, total }) {
  const right = Math.round(accuracy * total);
  byId('test-accuracy').textContent = percent(accuracy);
  byId('test-count').textContent = `${count(right)} of ${count(total)} read correctly, ${count(total - right)} not.`;
}

/** @param {number[][]} confusion */
function drawConfusion(confusion) {
  const heads = confusion.map((_, digit) => make('th', { scope: 'col', textContent: String(digit) }));
  byId('confusion-head').replaceChildren(make('tr', {}, make('td'), ...heads));
  const most = Math.max(1, ...confusion.flatMap((row, label) => row.filter((_, predicted) => predicted !== label)));
  const rows = confusion.map((row, label) => {
    const cells = row.map((n, predicted) => {
      const cell = make('td', { textContent: n ? String(n) : '', title: `${label} read as ${predicted}: ${n}` });
      if (label === predicted) cell.className = 'right';
      else cell.style.setProperty('--share', String(n / most));
      return cell;
    });
    return make('tr', {}, make('th', { scope: 'row', textContent: String(label) }), ...cells);
  });
  byId('confusion').replaceChildren(...rows);
}

/** @param {Mistake} mistake @param {(index: number) => void} showTestImage */
function picture({ index, label, predicted, confidence, pixels }, showTestImage) {
  const canvas = make('canvas', { className: 'ink' });
  paintInk(canvas, { data: pixels, width: 28, height: 28 }, 255);
  const caption = make('span', {}, `${label} `, make('span', { className: 'as', textContent: `read as ${predicted}` }));
  const button = make('button', { type: 'button', title: `Test image ${index}` }, canvas, caption);
  button.setAttribute('aria-label', `A ${label} read as ${predicted} with ${percent(confidence, 0)}: look at it`);
  button.addEventListener('click', () => {
    showTestImage(index);
    byId('look-title').scrollIntoView({ block: 'start' });
  });
  return make('li', {}, button);
}
