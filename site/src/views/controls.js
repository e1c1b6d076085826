// Settings, the buttons that run training, the line that tells what happens, and the readouts.

import { onLanguage, texts } from '../language.js';
import { told } from '../message.js';
import { DEFAULTS, LEARNING_RATES, modelNames } from '../settings.js';
import { announce, byId, count, duration, loadingText, make, percent, setEnabled } from './dom.js';
import { drawFault, onFaultButtons } from './fault.js';

/**
 * @typedef {import('../lab.js').Lab} Lab
 * @typedef {import('../lab-state.js').LabState} LabState
 * @typedef {import('../lab-state.js').Phase} Phase
 * @typedef {import('../settings.js').Settings} Settings
 */

const text = texts(
  {
    // the main button in each phase
    loading: 'Loading …',
    failed: 'Train',
    idle: 'Train',
    training: 'Pause',
    pausing: 'Pausing …',
    paused: 'Resume',
    stopping: 'Stopping …',
    testing: 'Testing …',

    data: 'Python and MNIST',
    computing: (/** @type {string} */ kernels) => `Computing with ${kernels}.`,
    noGpu: (/** @type {string} */ reason) => `No WebGPU: ${reason}.`,
    schedule: 'The learning rate falls to zero in 20 equal steps.',
    locked: 'Stop the training to change its settings.',
    of: (/** @type {string} */ done, /** @type {string} */ total) => `${done} of ${total}`,
    random: (/** @type {string} */ model) => `${model} with random weights`,
    trained: (/** @type {string} */ model) => model,
    uploaded: (/** @type {string} */ model) => `${model} with uploaded weights`,
    model: (/** @type {string} */ model) => `${model}.`,
    trainedModel: (/** @type {string} */ model, /** @type {string} */ images) =>
      `${model}, trained on ${images} images.`,
  },
  {
    loading: '読み込み中 …',
    failed: '学習を始める',
    idle: '学習を始める',
    training: '一時停止',
    pausing: '一時停止中 …',
    paused: '再開',
    stopping: '停止中 …',
    testing: 'テスト中 …',

    data: 'Python と MNIST',
    computing: (kernels) => `計算: ${kernels}`,
    noGpu: (reason) => `WebGPU は使えません: ${reason}。`,
    schedule: '学習率は 20 段階で等しく下がり、最後は 0 になります。',
    locked: '設定を変えるには学習を停止してください。',
    of: (done, total) => `${done} / ${total}`,
    random: (model) => `${model}、重みは乱数`,
    trained: (model) => model,
    uploaded: (model) => `${model}、重みはファイルから`,
    model: (model) => `${model}。`,
    trainedModel: (model, images) => `${model}、${images} 枚の画像で学習済み。`,
  },
);

/** The phases in which the main button can be pressed. @type {readonly Phase[]} */
const PRESSABLE = ['idle', 'training', 'paused'];

/** @type {readonly Phase[]} */
const STOPPABLE = ['training', 'pausing', 'paused', 'testing'];

const form = /** @type {HTMLFormElement} */ (byId('settings'));
const fields = /** @type {HTMLFieldSetElement} */ (byId('fields'));
const field = (/** @type {string} */ name) =>
  /** @type {HTMLInputElement | HTMLSelectElement} */ (form.elements.namedItem(name));

/** @param {string} name  a class of training.py */
const modelName = (name) => modelNames()[/** @type {keyof ReturnType<typeof modelNames>} */ (name)];

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

/** Whether to go on from the weights of the last visit, once they are there. */
let goesOn = false;

/** Chooses the model of the last visit, to go on from its weights. @param {string} name */
export function chooseKept(name) {
  goesOn = true;
  field('model').value = name;
  field('model').dispatchEvent(new Event('input', { bubbles: true }));
}

/** @param {Lab} lab @param {() => void} onChange  called when the settings have changed */
export function showControls(lab, onChange) {
  const models = /** @type {HTMLSelectElement} */ (field('model'));
  models.append(...Object.keys(modelNames()).map((name) => new Option('', name)));
  onLanguage(() => {
    for (const option of models.options) option.text = modelName(option.value);
  });
  const { fresh, ...values } = DEFAULTS;
  for (const [name, value] of Object.entries(values)) field(name).value = String(value);

  form.addEventListener('input', (event) => {
    if (event.target === field('optimizer')) {
      field('learningRate').value = String(LEARNING_RATES[field('optimizer').value]);
    }
    offerPresentWeights(lab.state);
    onChange();
    advise(lab);
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
    offerSimd(state);
    advise(lab);
    byId('advice').hidden = state.advice === null;
    byId('advice').textContent = state.advice && told(state.advice);
    byId('kernels').textContent = state.versions ? text().computing(told(state.versions.kernels)) : '';
    drawFault(state.fault, state.phase !== 'failed');
  });
}

/** Training can go on only from weights of the chosen model. @param {LabState} state */
function offerPresentWeights({ model }) {
  const usable = model !== null && model.origin !== 'random' && model.name === field('model').value;
  /** @type {HTMLOptionElement} */ (byId('continue')).disabled = !usable;
  if (!usable) field('fresh').value = 'yes';
  else if (goesOn) field('fresh').value = '';
  if (usable) goesOn = false;
}

let knowsKernels = false;

/** Where the SIMD kernels do not run, NumPy computes, and takes a minute for 10,000 images. @param {LabState} state */
function offerSimd({ versions }) {
  if (!versions || knowsKernels) return;
  knowsKernels = true;
  if (versions.kernels.code !== 'kernels-numpy') return;
  /** @type {HTMLOptionElement} */ (byId('simd')).disabled = true;
  field('kernels').value = 'numpy';
  field('images').value = '10000';
  form.dispatchEvent(new Event('input')); // the program that is shown follows
}

/** WebGPU can be chosen where there is a GPU; else a line tells what is missing. @param {LabState} state */
function offerGpu({ gpu }) {
  /** @type {HTMLOptionElement} */ (byId('webgpu')).disabled = gpu === null || gpu.missing !== undefined;
  byId('gpu-hint').hidden = !gpu?.missing;
  byId('gpu-hint').textContent = gpu?.missing ? text().noGpu(told(gpu.missing)) : '';
}

/** Has the kernels tried with the model that is chosen. @param {Lab} lab */
function advise(lab) {
  if (form.checkValidity()) lab.compare(chosen());
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

/** @param {import('../lab-state.js').Model} model */
function describe({ name, origin, samples }) {
  const start = text()[origin](modelName(name));
  return samples ? text().trainedModel(start, count(samples)) : text().model(start);
}

/** @param {LabState} state */
function drawButtons({ phase }) {
  byId('go').textContent = text()[phase];
  setEnabled('go', PRESSABLE.includes(phase));
  setEnabled('stop', STOPPABLE.includes(phase));
  fields.disabled = STOPPABLE.includes(phase) || phase === 'stopping';
  byId('settings-hint').textContent = fields.disabled ? text().locked : text().schedule;
}

/** @param {LabState} state */
function drawProgress({ progress, run, testing, notice }) {
  const bar = /** @type {HTMLProgressElement} */ (byId('progress'));
  let [value, max] = [0, 1];
  if (progress) {
    [value, max] = [progress.loaded, progress.total];
  } else if (testing) {
    [value, max] = [testing.tested, testing.total];
  } else if (run) {
    [value, max] = [run.done, run.total];
  }
  bar.max = max;
  bar.value = value;
  byId('notice').textContent = progress ? loadingText(text().data, progress) : notice();
  announce(notice());
}

/** @param {LabState} state */
function drawReadouts({ phase, run, curves, result }) {
  const rate = run?.done ? run.done / run.seconds : 0;
  const latest = (/** @type {number[]} */ values) => {
    const last = values.slice(-20); // a single batch says little
    return last.length ? last.reduce((sum, value) => sum + value, 0) / last.length : null;
  };
  const loss = latest(curves.loss);
  const accuracy = latest(curves.accuracy);
  const running = phase === 'training' || phase === 'pausing' || phase === 'paused';
  const shown = {
    'r-samples': run ? text().of(count(run.done), count(run.total)) : '–',
    'r-epoch': run ? text().of(String(run.epoch), String(run.settings.epochs)) : '–',
    'r-loss': loss === null ? '–' : loss.toFixed(3),
    'r-accuracy': accuracy === null ? '–' : percent(accuracy, 1),
    'r-rate': rate ? count(Math.round(rate)) : '–',
    'r-test': result ? percent(result.accuracy) : '–',
    'r-left': rate && run && running ? duration((run.total - run.done) / rate) : '–',
  };
  for (const [id, value] of Object.entries(shown)) byId(id).textContent = value;
}
