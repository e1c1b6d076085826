// The result of the test: accuracy, confusion matrix, worst mistakes.

import { texts } from '../language.js';
import { byId, count, make, percent, setEnabled } from './dom.js';
import { paintInk } from './pixels.js';

/**
 * @typedef {import('../lab.js').Lab} Lab
 * @typedef {import('../engine/answers.js').TestResult} TestResult
 * @typedef {import('../engine/answers.js').Mistake} Mistake
 */

const text = texts(
  {
    tested: (/** @type {string} */ done, /** @type {string} */ total) => `${done} of ${total} images tested …`,
    empty: 'Results come here once the training is done.',
    count: (/** @type {string} */ right, /** @type {string} */ total, /** @type {string} */ wrong) =>
      `${right} of ${total} read correctly, ${wrong} not.`,
    cell: (/** @type {number} */ label, /** @type {number} */ predicted, /** @type {number} */ n) =>
      `${label} read as ${predicted}: ${n}`,
    image: (/** @type {number} */ index) => `Test image ${index}`,
    readAs: (/** @type {number} */ predicted) => `read as ${predicted}`,
    look: (/** @type {number} */ label, /** @type {number} */ predicted, /** @type {string} */ confidence) =>
      `A ${label} read as ${predicted} with ${confidence}: look at it`,
  },
  {
    tested: (done, total) => `${total} 枚のうち ${done} 枚をテスト済み …`,
    empty: '学習が終わると、ここに結果が出ます。',
    count: (right, total, wrong) => `${total} 枚のうち正解 ${right} 枚、誤り ${wrong} 枚。`,
    cell: (label, predicted, n) => `${label} を ${predicted} と読んだ数: ${n}`,
    image: (index) => `テスト画像 ${index} 番`,
    readAs: (predicted) => `→ ${predicted}`,
    look: (label, predicted, confidence) => `${label} を確率 ${confidence} で ${predicted} と読み違えた画像を調べる`,
  },
);

/** @param {Lab} lab @param {(index: number) => void} showTestImage */
export function showResults(lab, showTestImage) {
  byId('test').addEventListener('click', () => lab.test());
  lab.show(({ phase, result, testing }) => {
    setEnabled('test', phase === 'idle');
    byId('test-result').hidden = result === null;
    byId('test-empty').hidden = result !== null;
    byId('test-empty').textContent = testing
      ? text().tested(count(testing.tested), count(testing.total))
      : text().empty;
  });
  lab.showPart('result', (result) => {
    drawScore(result);
    drawConfusion(result.confusion);
    byId('mistakes').replaceChildren(...result.mistakes.map((mistake) => picture(mistake, showTestImage)));
  });
}

/** @param {TestResult} result */
function drawScore({ accuracy, total }) {
  const right = Math.round(accuracy * total);
  byId('test-accuracy').textContent = percent(accuracy);
  byId('test-count').textContent = text().count(count(right), count(total), count(total - right));
}

/** @param {number[][]} confusion */
function drawConfusion(confusion) {
  const heads = confusion.map((_, digit) => make('th', { scope: 'col', textContent: String(digit) }));
  byId('confusion-head').replaceChildren(make('tr', {}, make('td'), ...heads));
  const most = Math.max(1, ...confusion.flatMap((row, label) => row.filter((_, predicted) => predicted !== label)));
  const rows = confusion.map((row, label) => {
    const cells = row.map((n, predicted) => {
      const cell = make('td', { textContent: n ? String(n) : '', title: text().cell(label, predicted, n) });
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
  const caption = make(
    'span',
    {},
    `${label} `,
    make('span', { className: 'as', textContent: text().readAs(predicted) }),
  );
  const button = make('button', { type: 'button', title: text().image(index) }, canvas, caption);
  button.setAttribute('aria-label', text().look(label, predicted, percent(confidence, 0)));
  button.addEventListener('click', () => {
    showTestImage(index);
    byId('look-title').scrollIntoView({ block: 'start' });
  });
  return make('li', {}, button);
}
