// Settings, the buttons that run training, the line that tells what happens, and the readouts.

import { DEFAULTS, LEARNING_RATES, MODELS } from '../settings.js';
import { byId, count, duration, loadingText, make, percent, setEnabled } from './dom.js';
import { drawFault, onFaultButtons } from './fault.js';

/**
 * @typedef {import('../lab.js').Lab} Lab
 * @typedef {import('../lab.js').LabState} LabState
 * @typedef {import('../lab.js').Phase} Phase
 * @typedef {import('../settings.js').Settings} Settings
 */

/** The main button in each phase: its text, and whether it can be pressed. @type {Record<Phase, [string, boolean]>} */
const GO = {
  loading: ['Loading …', false],
  failed: ['Train', false],
  idle: ['Train', true],
  training: ['Pause', true],
  pausing: ['Pausing …', false],
  paused: ['Resume', true],
  stopping: ['Stopping …', false],
  testing: ['Testing …', false],
};

/** @type {readonly Phase[]} */
const STOPPABLE = ['training', 'pausing', 'paused', 'testing'];

const form = /** @type {HTMLFormElement} */ (byId('settings'));
const fields = /** @type {HTMLFieldSetElement} */ (byId('fields'));
const field = (/** @type {string} */ name) =>
  /** @type {HTMLInputElement | HTMLSelectElement} */ (form.elements.namedItem(name));

/** What the form says now. @returns {Settings} */
export function chosen() {
  return {
    model: field('model').value,
    optimizer: field('optimizer').value,
    learningRate: Number(field('learningRate').value),
    batchSize: Number(field('batchSize').value),
    epochs: Number(field('epochs').value),
    images: Number(field('images').value),
    fresh: field('fresh').value !== '',
    kernels: field('kernels').value,
  };
}

/** @param {Lab} lab @param {() => void} onChange  called when the settings have changed */
export function showControls(lab, onChange) {
  for (const [name, label] of Object.entries(MODELS)) {
    field('model').append(make('option', { value: name, textContent: label }));
  }
  const { fresh, ...values } = DEFAULTS;
  for (const [name, value] of Object.entries(values)) field(name).value = String(value);

  form.addEventListener('input', (event) => {
    if (event.target === field('optimizer')) {
      field('learningRate').value = String(LEARNING_RATES[field('optimizer').value]);
    }
    offerPresentWeights(lab.state);
    onChange();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { phase } = lab.state;
    if (phase === 'training') lab.pause();
    else if (phase === 'paused') lab.resume();
    else if (phase === 'idle') lab.train(chosen());
  });
  byId('stop').addEventListener('click', () => lab.stop());
  onFaultButtons({ retry: () => lab.start(), dismiss: () => lab.dismiss() });
  showWeights(lab);
  lab.show((state) => {
    const before = field('fresh').value;
    offerPresentWeights(state);
    if (field('fresh').value !== before) onChange();
    drawButtons(state);
    drawProgress(state);
    drawReadouts(state);
    offerGpu(state);
    byId('kernels').textContent = state.versions ? `Computing with ${state.versions.kernels}.` : '';
    drawFault(state.fault, state.phase !== 'failed');
  });
}

/** Training can go on only from weights of the chosen model. @param {LabState} state */
function offerPresentWeights({ model }) {
  const usable = model !== null && model.origin !== 'random' && model.name === field('model').value;
  /** @type {HTMLOptionElement} */ (byId('continue')).disabled = !usable;
  if (!usable) field('fresh').value = 'yes';
}

/** WebGPU can be chosen where there is a GPU; else a line tells what is missing. @param {LabState} state */
function offerGpu({ gpu }) {
  /** @type {HTMLOptionElement} */ (byId('webgpu')).disabled = !gpu?.found;
  byId('gpu-hint').hidden = gpu === null || gpu.found;
  byId('gpu-hint').textContent = gpu && !gpu.found ? `No WebGPU: ${gpu.text}.` : '';
}

/** @param {Lab} lab */
function showWeights(lab) {
  const file = /** @type {HTMLInputElement} */ (byId('file'));
  byId('download').addEventListener('click', async () => {
    const bytes = await lab.download();
    if (!bytes) return;
    const link = make('a', { href: URL.createObjectURL(new Blob([bytes])), download: `${lab.state.model?.name}.npz` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });
  byId('upload').addEventListener('click', () => file.click());
  file.addEventListener('change', async () => {
    if (file.files?.[0]) await lab.upload(field('model').value, file.files[0]);
    file.value = ''; // the same file may be chosen again
  });
  lab.show(({ phase, model }) => {
    setEnabled('download', phase === 'idle' || phase === 'paused');
    setEnabled('upload', phase === 'idle');
    byId('model-hint').textContent = model ? describe(model) : '';
  });
}

/** @param {import('../lab.js').Model} model */
function describe({ name, origin, samples }) {
  const trained = samples ? `, trained on ${count(samples)} images` : '';
  const start = { random: ' with random weights', trained: '', uploaded: ' with uploaded weights' }[origin];
  return `${MODELS[name]}${start}${trained}.`;
}

/** @param {LabState} state */
function drawButtons({ phase }) {
  const [text, enabled] = GO[phase];
  byId('go').textContent = text;
  setEnabled('go', enabled);
  setEnabled('stop', STOPPABLE.includes(phase));
  fields.disabled = STOPPABLE.includes(phase) || phase === 'stopping';
  byId('settings-hint').textContent = fields.disabled
    ? 'Stop the training to change its settings.'
    : 'The learning rate falls to zero in 20 equal steps.';
}

/** @param {LabState} state */
function drawProgress({ progress, run, testing, notice }) {
  const bar = /** @type {HTMLProgressElement} */ (byId('progress'));
  let [value, max] = [0, 1];
  let text = notice;
  if (progress) {
    [value, max] = [progress.loaded, progress.total];
    text = loadingText('Python and MNIST', progress);
  } else if (testing) {
    [value, max] = [testing.tested, testing.total];
  } else if (run) {
    [value, max] = [run.done, run.total];
  }
  bar.max = max;
  bar.value = value;
  byId('notice').textContent = text;
  const announcement = byId('announcement'); // set only when it changes: a screen reader speaks each time
  if (announcement.textContent !== notice) announcement.textContent = notice;
}

/** @param {LabState} state */
function drawReadouts({ phase, run, curves, result }) {
  const rate = run && run.done ? run.done / run.seconds : 0;
  const latest = (/** @type {number[]} */ values) => {
    const last = values.slice(-20); // a single batch says little
    return last.length ? last.reduce((sum, value) => sum + value, 0) / last.length : null;
  };
  const loss = latest(curves.loss);
  const accuracy = latest(curves.accuracy);
  const running = phase === 'training' || phase === 'pausing' || phase === 'paused';
  const texts = {
    'r-samples': run ? `${count(run.done)} of ${count(run.total)}` : '–',
    'r-epoch': run ? `${run.epoch} of ${run.settings.epochs}` : '–',
    'r-loss': loss === null ? '–' : loss.toFixed(3),
    'r-accuracy': accuracy === null ? '–' : percent(accuracy, 1),
    'r-rate': rate ? count(Math.round(rate)) : '–',
    'r-test': result ? percent(result.accuracy) : '–',
    'r-left': rate && run && running ? duration((run.total - run.done) / rate) : '–',
  };
  for (const [id, text] of Object.entries(texts)) byId(id).textContent = text;
}
