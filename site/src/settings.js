// What the visitor can choose, and the Python program that a choice stands for.

import { texts } from './language.js';

/**
 * @typedef {object} Settings
 * @property {string} model  a class of training.py
 * @property {string} optimizer  a class of pyconvlite.optimizers
 * @property {number} learningRate
 * @property {number} batchSize
 * @property {number} epochs
 * @property {number} images  training images, from the first on
 * @property {boolean} fresh  start from random weights, not from the present ones
 * @property {string} kernels  what computes: "numpy", "webgpu", or "auto", SIMD kernels where they run
 */

/** The models' names for people. */
export const modelNames = texts(
  { SmallCNN: 'Small CNN', LeNet: 'LeNet', MLP: 'MLP' },
  { SmallCNN: '小さな CNN', LeNet: 'LeNet', MLP: 'MLP' },
);

/** A learning rate to begin with, for each optimizer. @type {Record<string, number>} */
export const LEARNING_RATES = { SGD: 0.1, MomentumSGD: 0.02, Adam: 0.005 };

/** All of MNIST once: about 98.9 % of the test images, in seconds where the SIMD kernels run. */
export const DEFAULTS = /** @type {Settings} */ ({
  model: 'SmallCNN',
  optimizer: 'Adam',
  learningRate: LEARNING_RATES.Adam,
  batchSize: 32,
  epochs: 1,
  images: 60_000,
  fresh: true,
  kernels: 'auto',
});

/** The comments of the program. */
const text = texts(
  {
    simd: 'SIMD kernels for what the CPU computes',
    random: 'random weights',
    present: 'as it is, with its present weights',
    steps: 'The page takes one step after the other, reads and draws them, and pauses or stops between two.',
  },
  {
    simd: 'CPU の計算は SIMD カーネルで',
    random: '重みは乱数',
    present: 'いまの重みのまま使う',
    steps: 'ページは一歩ずつ進めて値を読み、描く。一時停止と停止は歩の間に入る。',
  },
);

/**
 * The program that the page shows, and the worker runs. Names come from the lists above and numbers are numbers:
 * no text of the visitor's gets in.
 *
 * @param {Settings} settings
 */
export function program({ model, optimizer, learningRate, batchSize, epochs, images, fresh, kernels }) {
  const names = fresh ? [model, 'build', 'train', 'training_set'] : ['train', 'training_set'];
  const gpu = kernels === 'webgpu';
  return [
    `from pyconvlite.backends import ${gpu ? 'use, webgpu' : 'use'}`,
    `from pyconvlite.optimizers import ${optimizer}`,
    `from tab.training import ${names.join(', ')}`,
    '',
    kernels === 'numpy' ? 'use("numpy")' : `use("auto")  # ${text().simd}`,
    ...(gpu ? ['await webgpu.init()'] : []),
    fresh ? `model = build(${model})  # ${text().random}` : `# model: ${text().present}`,
    ...(gpu ? ['model.to_gpu()'] : []),
    'steps = train(',
    '    model,',
    `    training_set(${grouped(images)}),`,
    `    ${optimizer}(${learningRate}),`,
    `    batch_size=${grouped(batchSize)},`,
    `    epochs=${grouped(epochs)},`,
    ')',
    `# ${text().steps}`,
    '',
  ].join('\n');
}

/** 20000 as Python writes it for readers: 20_000. @param {number} n */
const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, '_');
