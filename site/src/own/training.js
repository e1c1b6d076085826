// Training on the visitor's own pictures: the buttons, how far it is, what came of it, and the program.

import pictures from '../../python/tab/pictures.py?raw';
import { onLanguage, texts } from '../language.js';
import { told } from '../message.js';
import { writeCode } from '../views/code.js';
import { announce, byId, count, loadingText, percent, setEnabled } from '../views/dom.js';
import { drawFault, onFaultButtons } from '../views/fault.js';
import { isEnough, learntFrom, programFor, settingsFor } from './task.js';

/**
 * @typedef {import('../lab.js').Lab} Lab
 * @typedef {import('../lab-state.js').LabState} LabState
 * @typedef {import('./collection.js').Collection} Collection
 * @typedef {import('./task.js').OwnTask} OwnTask
 */

const text = texts(
  {
    loading: 'Loading …',
    train: 'Train',
    again: 'Train again',
    running: 'Training …',
    python: 'Python',
    computing: (/** @type {string} */ kernels) => `Computing with ${kernels}.`,
    few: 'Two classes or more are needed, each with at least two pictures; a dozen for each is a good start.',
    ready: (/** @type {number} */ n, /** @type {number} */ all) =>
      `${n} of ${all} pictures are learnt from; every fifth of a class is kept to test with.`,
    result: (/** @type {number} */ right, /** @type {number} */ all) =>
      `Of ${all} pictures that it never learnt from, it recognizes ${right}.`,
    untested: 'No class had five pictures, so that none was kept to test with.',
    of: (/** @type {string} */ done, /** @type {string} */ total) => `${done} of ${total}`,
  },
  {
    loading: '読み込み中 …',
    train: '学習を始める',
    again: 'もう一度学習する',
    running: '学習中 …',
    python: 'Python',
    computing: (kernels) => `計算: ${kernels}`,
    few: '2 つ以上のクラスと、クラスごとに 2 枚以上の画像が必要です。まずは 12 枚ずつを目安にしてください。',
    ready: (n, all) => `${all} 枚のうち ${n} 枚で学習します。各クラスの 5 枚に 1 枚は、テストのために取っておきます。`,
    result: (right, all) => `学習に使わなかった ${all} 枚のうち、${right} 枚を見分けました。`,
    untested: '画像が 5 枚以上あるクラスがなかったので、テスト用の画像はありません。',
    of: (done, total) => `${done} / ${total}`,
  },
);

const BUSY = ['training', 'pausing', 'paused', 'stopping', 'testing'];

/** @param {Lab} lab @param {Collection} collection @param {OwnTask} task */
export function showTraining(lab, collection, task) {
  const epochs = /** @type {HTMLInputElement} */ (byId('epochs'));
  const form = /** @type {HTMLFormElement} */ (byId('settings'));
  const settings = () => settingsFor(collection.state.classes, epochs.valueAsNumber || 1);
  const draw = () => {
    const { classes } = collection.state;
    const enough = isEnough(classes);
    const busy = BUSY.includes(lab.state.phase);
    setEnabled('go', lab.state.phase === 'idle' && enough);
    byId('go').textContent = goText(lab.state);
    setEnabled('stop', busy && lab.state.phase !== 'stopping');
    epochs.disabled = busy;
    const all = classes.reduce((sum, { shots }) => sum + shots.length, 0);
    byId('training-hint').textContent = enough ? text().ready(learntFrom(classes), all) : text().few;
    writeCode('run-py', programFor(settings(), classes.length));
  };
  writeCode('pictures-py', pictures);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (lab.state.phase !== 'idle' || !isEnough(collection.state.classes)) return;
    task.begin(collection.state.classes);
    lab.train(settings());
  });
  form.addEventListener('input', draw);
  byId('stop').addEventListener('click', () => lab.stop());
  onFaultButtons({ retry: () => lab.start(), dismiss: () => lab.dismiss() });
  collection.show(draw);
  onLanguage(draw);
  lab.show((state) => {
    draw();
    drawProgress(state);
    drawResult(state);
    drawFault(state.fault, state.phase !== 'failed');
    byId('kernels').textContent = state.versions ? text().computing(told(state.versions.kernels)) : '';
  });
}

/** @param {LabState} state */
function goText({ phase, model }) {
  if (phase === 'loading') return text().loading;
  if (BUSY.includes(phase)) return text().running;
  return model && model.origin !== 'random' ? text().again : text().train;
}

/** @param {LabState} state */
function drawProgress({ progress, run, notice, curves }) {
  const bar = /** @type {HTMLProgressElement} */ (byId('progress'));
  const [value, max] = progress ? [progress.loaded, progress.total] : run ? [run.done, run.total] : [0, 1];
  bar.max = max;
  bar.value = value;
  byId('notice').textContent = progress ? loadingText(text().python, progress) : notice();
  announce(notice());
  const last = (/** @type {number[]} */ values) =>
    values.slice(-10).reduce((sum, each, _, all) => sum + each / all.length, 0);
  byId('r-samples').textContent = run ? text().of(count(run.done), count(run.total)) : '–';
  byId('r-loss').textContent = curves.loss.length ? last(curves.loss).toFixed(3) : '–';
  byId('r-accuracy').textContent = curves.accuracy.length ? percent(last(curves.accuracy), 1) : '–';
  byId('own-charts').hidden = run === null;
  byId('r-seconds').textContent = run ? `${run.seconds.toFixed(1)} s` : '–';
}

/** @param {LabState} state */
function drawResult({ phase, result, run, model }) {
  const trained = phase === 'idle' && run !== null && model?.origin === 'trained';
  byId('own-result').hidden = !trained;
  if (!trained) return;
  byId('own-result').textContent = result
    ? text().result(Math.round(result.accuracy * result.total), result.total)
    : text().untested;
}
