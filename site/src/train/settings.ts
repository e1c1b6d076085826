// What the visitor can choose, how a link says it, and the Python program that it stands for.

import { texts } from '../app/language.svelte';
import { numberOf, oneOf, type Read, whole } from '../app/link';
import type { Pace } from '../engine/tempo';
import { definitionOf, isGiven, layersOf, planOf } from './net';

export interface Settings {
  /** A network by its name; see net.ts. */
  model: string;
  /** A class of pyconvlite.optimizers. */
  optimizer: string;
  learningRate: number;
  batchSize: number;
  epochs: number;
  /** Training images, from the first on. */
  images: number;
  /** Start from random weights, not from the present ones. */
  fresh: boolean;
  /** What computes: "numpy", "webgpu", or "auto", SIMD kernels where they run. */
  kernels: string;
  speed: Exclude<Pace, 'step'>;
}

/** A learning rate to begin with, for each optimizer. */
export const LEARNING_RATES: Record<string, number> = { Adam: 0.005, MomentumSGD: 0.02, SGD: 0.1 };

export const IMAGES = [10_000, 20_000, 30_000, 40_000, 50_000, 60_000];
export const KERNELS = ['numpy', 'auto', 'webgpu'];
export const SPEEDS = ['ease', 'slow', 'full'] as const;
export const MOST = { batchSize: 10_000, epochs: 100 };

export const LAST_TEST = 9_999; // MNIST's last test image

/** All of MNIST once: about 98.9 % of the test images, in seconds where the SIMD kernels run. */
export const DEFAULTS: Settings = {
  model: 'SmallCNN',
  optimizer: 'Adam',
  learningRate: LEARNING_RATES.Adam,
  batchSize: 32,
  epochs: 1,
  images: 60_000,
  fresh: true,
  kernels: 'auto',
  speed: 'ease',
};

export const LEAST_RATE = 1e-6;

const rate: Read<number> = (text) => {
  const n = numberOf(text);
  return n >= LEAST_RATE && Number.isFinite(n) ? n : null;
};

/** How a link names each setting, and what it may say. */
const PARAMETERS: Record<Exclude<keyof Settings, 'fresh'>, [name: string, read: Read<unknown>]> = {
  model: ['model', (text) => (isModel(text) ? text : null)],
  optimizer: ['optimizer', oneOf(Object.keys(LEARNING_RATES))],
  learningRate: ['rate', rate],
  batchSize: ['batch', whole(1, MOST.batchSize)],
  epochs: ['epochs', whole(1, MOST.epochs)],
  images: ['images', oneOf(IMAGES)],
  kernels: ['kernels', oneOf(KERNELS)],
  speed: ['speed', oneOf(SPEEDS)],
};

const entries = Object.entries(PARAMETERS) as [keyof typeof PARAMETERS, (typeof PARAMETERS)['model']][];

/** Whether a name is that of a network that can be. */
function isModel(name: string): boolean {
  const layers = layersOf(name);
  return layers !== null && planOf(layers).flaw === null;
}

/** What a link says; the other settings are as usual. `search` is the part of the address from its question mark on. */
export function fromLink(search: string): Partial<Settings> {
  const said = new URLSearchParams(search);
  const found: Partial<Settings> = Object.fromEntries(
    Object.entries(PARAMETERS).flatMap(([key, [name, read]]) => {
      const text = said.get(name);
      const value = text === null ? null : read(text);
      return value === null ? [] : [[key, value]];
    }),
  );
  // A rate that is usual for the optimizer is not said.
  return found.optimizer ? { learningRate: LEARNING_RATES[found.optimizer], ...found } : found;
}

/** What a link says of the settings: null for those that are as usual, and for a field that is empty. */
export function inLink(settings: Settings): Record<string, string | null> {
  const usual = { ...DEFAULTS, learningRate: LEARNING_RATES[settings.optimizer] };
  return Object.fromEntries(
    entries.map(([key, [name]]) => {
      const isSaid = settings[key] !== usual[key] && settings[key] !== null;
      return [name, isSaid ? String(settings[key]) : null];
    }),
  );
}

/** The query of a link to the training page; '' where all is as usual. */
export function toLink(settings: Settings): string {
  const said = new URLSearchParams();
  for (const [name, text] of Object.entries(inLink(settings))) if (text !== null) said.set(name, text);
  return said.size ? `?${said}` : '';
}

const names = texts(
  { SmallCNN: 'Small CNN', LeNet: 'LeNet', MLP: 'MLP', own: 'Your own net' },
  { SmallCNN: '小さな CNN', LeNet: 'LeNet', MLP: 'MLP', own: '自作のネット' },
);

/** A network's name for people. */
export const modelName = (name: string): string => names()[isGiven(name) ? (name as 'MLP') : 'own'];

/** All settings as a link would say them. */
export const asParameters = (settings: Settings): Record<string, string> =>
  Object.fromEntries(entries.map(([key, [name]]) => [name, String(settings[key])]));

/** The comments of the program. */
const text = texts(
  {
    simd: 'SIMD kernels for what the CPU computes',
    random: 'random weights',
    present: 'unchanged, with its current weights',
    steps: 'The page runs these steps one by one, and pauses or stops between two of them.',
  },
  {
    simd: 'CPU の計算は SIMD カーネルで',
    random: '重みは乱数',
    present: 'いまの重みのまま使う',
    steps: 'ページは 1 ステップずつ進める。一時停止と停止はステップの間で行う。',
  },
);

/**
 * The program that the page shows, and the worker runs. Names come from the lists above and numbers are numbers:
 * no text of the visitor's gets in.
 */
export function program({
  model,
  optimizer,
  learningRate,
  batchSize,
  epochs,
  images,
  fresh,
  kernels,
}: Settings): string {
  const isOwn = fresh && !isGiven(model);
  const names = [...(fresh && !isOwn ? [model] : []), ...(fresh ? ['build'] : []), 'train', 'training_set'];
  const gpu = kernels === 'webgpu';
  return [
    ...(isOwn ? ['import pyconvlite.layers as L'] : []),
    `from pyconvlite.backends import ${gpu ? 'use, webgpu' : 'use'}`,
    ...(isOwn ? ['from pyconvlite.models import Sequential'] : []),
    `from pyconvlite.optimizers import ${optimizer}`,
    `from tab.training import ${names.join(', ')}`,
    '',
    ...(isOwn ? ['', ...definitionOf(model), '', ''] : []),
    kernels === 'numpy' ? 'use("numpy")' : `use("auto")  # ${text().simd}`,
    ...(gpu ? ['await webgpu.init()'] : []),
    fresh ? `model = build(${isOwn ? 'net' : model})  # ${text().random}` : `# model: ${text().present}`,
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

/** 20000 as Python writes it for readers: 20_000. */
const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, '_');
