// Networks: three that are given, and those that a visitor puts together. A network is written as
// `conv16x5-pool2-dense100`, in the link too; its last layer, one score for each class, goes without saying.

import type { Report, Stage } from '../engine/findings';

export type Layer =
  /** `same` pads the maps, so that they keep their size. */
  | { kind: 'conv'; width: number; size: number; same: boolean }
  | { kind: 'pool'; size: number }
  | { kind: 'dense'; width: number }
  | { kind: 'norm' }
  | { kind: 'drop'; percent: number };

export type Kind = Layer['kind'];

/** What a layer passes on: maps, or units without places (then height and width are 0). */
export interface Shape {
  channels: number;
  height: number;
  width: number;
}

/** Why a network cannot be: what is wrong with which layer. */
export type Flaw =
  | { kind: 'kernel'; layer: number; size: number; height: number }
  | { kind: 'pool'; layer: number; size: number; height: number }
  | { kind: 'order'; layer: number }
  | { kind: 'large'; parameters: number };

export interface Plan {
  /** For each layer, and the last one, what it passes on and its Parameters. */
  steps: { shape: Shape; parameters: number }[];
  parameters: number;
  flaw: Flaw | null;
}

export const MOST_LAYERS = 10;
const MOST_PARAMETERS = 1_000_000;

/** What can be chosen. */
export const CHOICES = {
  convWidth: [2, 4, 6, 8, 16, 32, 64],
  convSize: [1, 3, 5, 7, 9],
  poolSize: [2, 3, 4],
  denseWidth: [10, 32, 64, 84, 100, 120, 256],
  percent: [10, 25, 50, 75],
};

/** The given ones: classes of training.py. */
const GIVEN: Record<string, string> = {
  SmallCNN: 'conv16x5-pool2-conv32x5-pool2',
  LeNet: 'conv6x5s-pool2-conv16x5-pool2-dense120-dense84',
  MLP: 'dense100',
};

/** A layer to begin with. */
export const NEW: Record<Kind, Layer> = {
  conv: { kind: 'conv', width: 16, size: 3, same: true },
  pool: { kind: 'pool', size: 2 },
  dense: { kind: 'dense', width: 100 },
  norm: { kind: 'norm' },
  drop: { kind: 'drop', percent: 50 },
};

/** Of MNIST: digits, and pixels of an image's side. */
export const CLASSES = 10;
export const SIDE = 28;

function layerOf(written: string): Layer | null {
  const [, kind, a, b, same] = /^([a-z]+?)(\d+)?(?:x(\d+)(s?))?$/.exec(written) ?? [];
  const [n, m] = [Number(a), Number(b)];
  if (kind === 'conv' && CHOICES.convWidth.includes(n) && CHOICES.convSize.includes(m)) {
    return { kind, width: n, size: m, same: same === 's' };
  }
  if (kind === 'pool' && !b && CHOICES.poolSize.includes(n)) return { kind, size: n };
  if (kind === 'dense' && !b && CHOICES.denseWidth.includes(n)) return { kind, width: n };
  if (kind === 'drop' && !b && CHOICES.percent.includes(n)) return { kind, percent: n };
  return kind === 'norm' && !a ? { kind } : null;
}

function written(layer: Layer): string {
  if (layer.kind === 'conv') return `conv${layer.width}x${layer.size}${layer.same ? 's' : ''}`;
  if (layer.kind === 'pool') return `pool${layer.size}`;
  if (layer.kind === 'dense') return `dense${layer.width}`;
  return layer.kind === 'drop' ? `drop${layer.percent}` : 'norm';
}

/** The layers of a network by its name; null for what is none. An empty text is a network of the last layer alone. */
export function layersOf(name: string): Layer[] | null {
  const parts = (isGiven(name) ? GIVEN[name] : name).split('-').filter(Boolean);
  const layers = parts.map(layerOf).filter((layer) => layer !== null);
  return layers.length === parts.length && layers.length <= MOST_LAYERS ? layers : null;
}

/** The name of a network: a given one's, where these are its layers. */
export function nameOf(layers: Layer[]): string {
  const text = layers.map(written).join('-');
  return Object.keys(GIVEN).find((name) => GIVEN[name] === text) ?? text;
}

export const GIVEN_NAMES = Object.keys(GIVEN);
export const isGiven = (name: string): boolean => Object.hasOwn(GIVEN, name);

/** Sizes and Parameters, as far as the layers fit each other. */
export function planOf(layers: Layer[]): Plan {
  const steps: Plan['steps'] = [];
  let shape: Shape = { channels: 1, height: SIDE, width: SIDE };
  const inputs = () => shape.channels * (shape.height || 1) * (shape.width || 1);
  let flaw: Flaw | null = null;
  for (const [i, layer] of layers.entries()) {
    let parameters = 0;
    if ((layer.kind === 'conv' || layer.kind === 'pool') && !shape.height) {
      flaw = { kind: 'order', layer: i };
    } else if (layer.kind === 'conv') {
      const lost = layer.same ? 0 : layer.size - 1;
      if (shape.height <= lost) flaw = { kind: 'kernel', layer: i, size: layer.size, height: shape.height };
      parameters = layer.width * (shape.channels * layer.size ** 2 + 1);
      shape = { channels: layer.width, height: shape.height - lost, width: shape.width - lost };
    } else if (layer.kind === 'pool') {
      if (shape.height < layer.size) flaw = { kind: 'pool', layer: i, size: layer.size, height: shape.height };
      const after = Math.floor(shape.height / layer.size);
      shape = { channels: shape.channels, height: after, width: after };
    } else if (layer.kind === 'dense') {
      parameters = (inputs() + 1) * layer.width;
      shape = { channels: layer.width, height: 0, width: 0 };
    } else if (layer.kind === 'norm') {
      parameters = 2 * shape.channels;
    }
    if (flaw) break;
    steps.push({ shape, parameters });
  }
  if (!flaw) {
    const parameters = (inputs() + 1) * CLASSES;
    steps.push({ shape: { channels: CLASSES, height: 0, width: 0 }, parameters });
  }
  const parameters = steps.reduce((sum, step) => sum + step.parameters, 0);
  if (!flaw && parameters > MOST_PARAMETERS) flaw = { kind: 'large', parameters };
  return { steps, parameters, flaw };
}

/** Names for layers, by their kind: conv1, conv2, pool1. */
function numbering(): (kind: string) => string {
  const counts: Record<string, number> = {};
  return (kind) => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    return `${kind}${counts[kind]}`;
  };
}

/** What the picture of a network can say before Python does: its stages by name and size, all at zero. */
export function outlineOf(layers: Layer[]): Report {
  const none = { shape: [0, 0], data: new Float32Array() };
  const stages: Stage[] = [];
  const add = (layer: string, kind: string, { channels, height, width }: Shape) => {
    const shape = [channels, height || 1, width || 1];
    const maps = { shape, data: new Float32Array(shape[0] * shape[1] * shape[2]) };
    stages.push({
      layer,
      kind,
      maps,
      sources: [stages.length - 1],
      links: layer ? { flow: none, net: none } : undefined,
    });
  };
  const next = numbering();
  const { steps } = planOf(layers);
  steps.forEach(({ shape }, i) => {
    if (i === layers.length) {
      add('fc', 'Linear', shape);
      add('', 'Softmax', shape);
      return;
    }
    const { kind } = layers[i];
    const name = next(kind);
    if (kind === 'conv') add(name, 'Conv2d', shape);
    else if (kind === 'pool') add('', 'Pooling', shape);
    else if (kind === 'dense') add(name, 'Linear', shape);
    else if (kind === 'norm') add(name, 'BatchNorm', shape);
    const isLinear = kind === 'conv' || kind === 'dense' || kind === 'norm';
    if (isLinear && layers[i + 1]?.kind !== 'norm') add('', 'ReLU', shape);
  });
  return { predicted: 0, target: 0, saliency: { shape: [SIDE, SIDE], data: new Float32Array(SIDE ** 2) }, stages };
}

/** The layers as arguments of Python's Sequential: a name and an expression each. */
function entries(layers: Layer[]): [string, string][] {
  const next = numbering();
  const found: [string, string][] = [];
  let hasMaps = true;
  const flatten = () => {
    if (hasMaps) found.push(['flatten', 'L.Flatten()']);
    hasMaps = false;
  };
  let isLinear = false; // the ReLU of a layer comes behind its batch norm
  const rectify = () => {
    if (isLinear) found.push([next('relu'), 'L.ReLU()']);
    isLinear = false;
  };
  for (const layer of layers) {
    if (layer.kind !== 'norm') rectify();
    if (layer.kind === 'conv') {
      const pad = layer.same && layer.size > 1 ? `, pad=${(layer.size - 1) / 2}` : '';
      found.push([next('conv'), `L.Conv2d(${layer.width}, kernel_size=${layer.size}${pad})`]);
    } else if (layer.kind === 'pool') {
      found.push([next('pool'), `L.MaxPool(${layer.size}, stride=${layer.size})`]);
    } else if (layer.kind === 'dense') {
      flatten();
      found.push([next('dense'), `L.Linear(${layer.width})`]);
    } else if (layer.kind === 'norm') {
      found.push([next('norm'), 'L.BatchNorm()']);
    } else {
      found.push([next('drop'), `L.Dropout(${layer.percent / 100})`]);
    }
    if (layer.kind === 'conv' || layer.kind === 'dense') isLinear = true;
  }
  rectify();
  flatten();
  return [...found, ['fc', 'L.Linear(classes)']];
}

const linesOf = (name: string) => entries(layersOf(name) ?? []).map(([key, value]) => `"${key}": ${value}`);

/** The model as an expression for the worker: a class of training.py, or a function of the number of classes. */
export const sourceOf = (name: string): string =>
  isGiven(name) ? name : `lambda classes: Sequential({${linesOf(name).join(', ')}})`;

/** The lines of a program that define a visitor's network as `net`. */
export const definitionOf = (name: string): string[] => [
  'def net(classes):',
  '    return Sequential(',
  '        {',
  ...linesOf(name).map((line) => `            ${line},`),
  '        }',
  '    )',
];
