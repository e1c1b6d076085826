// What is trained on the visitor's own pictures, and the Python program that it stands for.

import { texts } from '../language.js';
import { examplesOf } from './collection.js';

/**
 * @typedef {import('./collection.js').Class} Class
 * @typedef {import('./kept.js').Trained} Trained
 * @typedef {import('../settings.js').Settings} Settings
 */

const EVERY = 5; // one of so many of a class is kept from training, as in pictures.py

/** A few dozen pictures are learnt in seconds so, each one moved a little every time. */
const CHOSEN = {
  model: 'SmallCNN',
  optimizer: 'Adam',
  learningRate: 0.002,
  batchSize: 8,
  kernels: 'auto',
  fresh: true,
};

const text = texts(
  {
    simd: 'SIMD kernels for what the CPU computes',
    random: 'random weights',
    pictures: (/** @type {number} */ n) => `${n} pictures`,
  },
  {
    simd: 'CPU の計算は SIMD カーネルで',
    random: '重みは乱数',
    pictures: (n) => `画像 ${n} 枚`,
  },
);

/** How many pictures are learnt from. @param {Class[]} classes */
export const learntFrom = (classes) =>
  classes.reduce((sum, { shots }) => sum + shots.length - Math.floor(shots.length / EVERY), 0);

/** Whether there is enough to tell apart: two classes at least, and each has two pictures. @param {Class[]} classes */
export const isEnough = (classes) => classes.length >= 2 && classes.every(({ shots }) => shots.length >= 2);

/** @param {Class[]} classes @param {number} epochs @returns {Settings} */
export const settingsFor = (classes, epochs) => ({ ...CHOSEN, epochs, images: learntFrom(classes) });

/**
 * The program that the page shows, and the worker runs.
 *
 * @param {Settings} settings
 * @param {number} classes
 */
export const programFor = ({ model, optimizer, learningRate, batchSize, epochs, images }, classes) =>
  [
    'from pyconvlite.backends import use',
    `from pyconvlite.optimizers import ${optimizer}`,
    `from tab.training import ${model}, build, train`,
    '',
    `use("auto")  # ${text().simd}`,
    `model = build(${model}, classes=${classes})  # ${text().random}`,
    'steps = train(',
    '    model,',
    `    examples.training,  # ${text().pictures(images)}`,
    `    ${optimizer}(${learningRate}),`,
    `    batch_size=${batchSize},`,
    `    epochs=${epochs},`,
    ')',
    '',
  ].join('\n');

/** The lab's task: it holds the classes as they were when the training began. */
export class OwnTask {
  mnist = false;
  /** @type {Class[]} */
  #classes = [];
  /** Of the classes that the model tells apart, in its order. @type {number[]} */
  ids = [];

  /** Goes on with what the last visit left. @param {Class[]} classes @param {Trained | null} trained */
  takeUp(classes, trained) {
    this.begin(
      trained
        ? trained.ids.map((id) => classes.find((each) => each.id === id) ?? { id, name: '', shots: [] })
        : classes,
    );
  }

  /** A training on these classes begins. @param {Class[]} classes */
  begin(classes) {
    this.#classes = classes;
    this.ids = classes.map(({ id }) => id);
  }

  first = () => ({ name: CHOSEN.model, classes: Math.max(2, this.ids.length) });

  /** Whether there are pictures to learn from. */
  isReady = () => isEnough(this.#classes);

  examples = () => (this.isReady() ? examplesOf(this.#classes) : null);

  /** @param {Settings} settings */
  program = (settings) => programFor(settings, this.ids.length);
}
