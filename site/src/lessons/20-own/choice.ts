// A network by four choices: convolutions of 3 × 3, each with twice the kernels of the one before, and what is between.

import { type Layer, nameOf, type Plan } from '../../train/net';

export interface Choice {
  /** Convolutions. */
  depth: number;
  /** Kernels of the first. */
  channels: number;
  /** Whether each is followed by pooling. */
  pools: boolean;
  /** Whether half the numbers are dropped before the last layer, in training. */
  drops: boolean;
}

export const FIRST: Choice = { depth: 2, channels: 8, pools: true, drops: false };

export const OPTIONS = { depth: [1, 2, 3], channels: [4, 8, 16], pools: [false, true], drops: [false, true] } as const;

export const layersFor = ({ depth, channels, pools, drops }: Choice): Layer[] => [
  ...Array.from({ length: depth }, (_, i): Layer[] => [
    { kind: 'conv', width: channels * 2 ** i, size: 3, same: true },
    ...(pools ? [{ kind: 'pool', size: 2 } as const] : []),
  ]).flat(),
  ...(drops ? [{ kind: 'drop', percent: 50 } as const] : []),
];

/** As the training page's link has it. */
export const nameFor = (choice: Choice): string => nameOf(layersFor(choice));

const all: Choice[] = OPTIONS.depth.flatMap((depth) =>
  OPTIONS.channels.flatMap((channels) =>
    OPTIONS.pools.flatMap((pools) => OPTIONS.drops.map((drops) => ({ depth, channels, pools, drops }))),
  ),
);

/** The choices that make a network; null where none do. */
export const choiceOf = (name: string): Choice | null => all.find((choice) => nameFor(choice) === name) ?? null;

const CLASSES: Record<Layer['kind'], string> = {
  conv: 'Conv2d',
  pool: 'MaxPool',
  dense: 'Linear',
  norm: 'BatchNorm',
  drop: 'Dropout',
};

/** The layers with the picture ahead of them, as the row of lesson 8 draws them. */
export function rowOf(layers: Layer[], { steps }: Plan) {
  const shapes = [{ channels: 1, height: 28, width: 28 }, ...steps.map(({ shape }) => shape)];
  return {
    names: ['Image', ...layers.map(({ kind }) => CLASSES[kind]), 'Linear'].join(' '),
    sizes: {
      shape: [shapes.length, 3],
      data: shapes.flatMap(({ channels, height, width }) => [channels, height || 1, width || 1]),
    },
    weights: { shape: [shapes.length], data: [0, ...steps.map(({ parameters }) => parameters)] },
  };
}
