// How a training does, in one plain sentence: the worst that can be seen in its curves and units.

import { texts } from '../app/language.svelte';
import type { Measure, Report } from '../engine/findings';
import { type Curves, latest } from './curves';
import { layersOf } from './net';
import { LEARNING_RATES } from './settings';
import type { Run } from './state';

const SOME = 30; // batches: the loss of one says little
const WORSE = 1.5; // times the best loss: more than chance
const OVERFITTED = 1.08; // times the least test loss
const LATER = 3; // test losses that are all higher than the least
const DEAD = 0.25; // share of a layer's units; with fewer a network learns well, and they come and go
const FEW = 8; // images: the gradients of smaller batches differ much
const DEEP = 6; // layers with weights: with so many, SGD stays at guessing for hundreds of batches
const TINY = 0.1; // times the usual learning rate

const text = texts(
  {
    diverging: (advice: string) => `Diverging: the loss rises. ${advice}`,
    lost: (advice: string) => `Not learning: the loss is no better than guessing. ${advice}`,
    slow: (advice: string) => `Barely moving: the loss falls very slowly. ${advice}`,
    lower: 'Lower the learning rate.',
    raise: 'Raise the learning rate.',
    enlarge: 'Use larger batches: the gradient of so few images is mostly chance.',
    normalize: 'So deep a network needs batch norm: add it after the convolutions.',
    restart: 'Start from random weights: those that it began with may be the reason. Or lower the learning rate.',
    overfitting: (epoch: number) =>
      `Overfitting since epoch ${epoch}: it is still improving on the training images, but getting worse on the test images. Use more images, or dropout.`,
    dead: (dead: number, units: number, layer: string) =>
      `${dead} of ${units} units of ${layer} are dead: zero for every probe image. A lower learning rate keeps them alive.`,
    fine: 'Learning well.',
  },
  {
    diverging: (advice) => `発散しています。損失が上がっています。${advice}`,
    lost: (advice) => `学習できていません。損失が当てずっぽうのときより下がっていません。${advice}`,
    slow: (advice) => `ほとんど進んでいません。損失の下がり方がとても遅いです。${advice}`,
    lower: '学習率を下げてください。',
    raise: '学習率を上げてください。',
    enlarge: 'バッチを大きくしてください。画像が少なすぎると、勾配がほとんど偶然で決まります。',
    normalize: 'これだけ深いネットワークにはバッチ正規化が必要です。畳み込みの後に加えてください。',
    restart: '始めの重みが原因かもしれません。乱数の重みから始めるか、学習率を下げてください。',
    overfitting: (epoch) =>
      `エポック ${epoch} から過学習しています。訓練画像では良くなり続けているのに、テスト画像では悪くなっています。画像を増やすか、ドロップアウトを入れてください。`,
    dead: (dead, units, layer) =>
      `${layer} の ${units} 個のユニットのうち ${dead} 個が死んでいます(調べたどの画像でも 0)。学習率を下げると防げます。`,
    fine: '順調に学習しています。',
  },
);

/** What is the matter, and how bad: null before anything can be said. */
export interface Diagnosis {
  kind: 'bad' | 'warn' | 'fine';
  say: () => string;
}

/** Mean losses of pieces of a run, one after the other. */
function means(losses: number[]): number[] {
  const pieces: number[] = [];
  for (let i = 0; i + SOME <= losses.length; i += SOME) {
    pieces.push(losses.slice(i, i + SOME).reduce((sum, value) => sum + value / SOME, 0));
  }
  return pieces;
}

export function diagnose(
  run: Run | null,
  curves: Curves,
  report: Report | null,
  measures: Measure[] | null,
): Diagnosis | null {
  if (!run) return null;
  const { start, settings } = run;
  const begin = curves.samples.findIndex((count) => count > start.samples);
  const pieces = begin < 0 ? [] : means(curves.loss.slice(begin));
  if (pieces.length < 2) return null;
  const last = pieces[pieces.length - 1];
  const least = Math.min(...pieces);
  const guessing = Math.log(start.classes);
  const isRising = last > WORSE * least && (last > guessing || last - least > 0.3);
  if (isRising) return { kind: 'bad', say: () => text().diverging(text()[remedy(run) ?? 'lower']) };
  if (last > guessing) {
    const isTiny = settings.learningRate < TINY * LEARNING_RATES[settings.optimizer];
    return { kind: 'bad', say: () => text().lost(text()[remedy(run) ?? (isTiny ? 'raise' : 'lower')]) };
  }
  const epoch = overfittedSince(curves, start.samples, settings.images);
  if (epoch) return { kind: 'warn', say: () => text().overfitting(epoch) };
  const dead = deadUnits(report, measures);
  if (dead) return { kind: 'warn', say: () => text().dead(dead.dead, dead.units, dead.layer) };
  if (pieces.length >= 4 && last > 0.85 * guessing) {
    return { kind: 'warn', say: () => text().slow(text()[remedy(run) ?? 'raise']) };
  }
  return { kind: 'fine', say: () => text().fine };
}

/** What keeps a run from learning that its settings tell; null where they are as usual. */
function remedy({ settings, start }: Run): 'enlarge' | 'lower' | 'normalize' | 'restart' | null {
  const layers = layersOf(settings.model) ?? [];
  const isNormed = layers.some(({ kind }) => kind === 'norm');
  const depth = layers.filter(({ kind }) => kind === 'conv' || kind === 'dense').length;
  const isFast = settings.learningRate > LEARNING_RATES[settings.optimizer];
  if (settings.batchSize < FEW && (isNormed || !isFast)) return 'enlarge';
  if (isFast) return 'lower';
  if (depth >= DEEP && !isNormed) return 'normalize';
  return start.origin === 'random' ? null : 'restart';
}

/**
 * The epoch, from 1, in which the test loss was the least, if it has been higher ever since while training went on.
 *
 * In the first epoch each loss is of images that were never seen before, so that only chance can part the two.
 */
function overfittedSince({ samples, loss, test }: Curves, before: number, images: number): number | null {
  if (test.loss.length <= LATER || (samples.at(-1) ?? 0) - before <= images) return null;
  const at = test.loss.indexOf(Math.min(...test.loss));
  const since = test.loss.slice(at + 1);
  const isWorse = since.length >= LATER && since.slice(-LATER).every((value) => value > OVERFITTED * test.loss[at]);
  const then = latest(loss.filter((_, i) => samples[i] <= test.samples[at]));
  const now = latest(loss);
  if (!isWorse || then === null || now === null || now >= then) return null;
  return Math.floor(Math.max(0, test.samples[at] - before - 1) / images) + 1;
}

/** The layer of which the largest share of units is dead. */
function deadUnits(
  report: Report | null,
  measures: Measure[] | null,
): { dead: number; units: number; layer: string } | null {
  if (!report || !measures || measures.length !== report.stages.length) return null;
  let layer = '';
  let worst: { dead: number; units: number; layer: string } | null = null;
  for (const [i, stage] of report.stages.entries()) {
    layer = stage.layer || layer;
    const { length: dead } = measures[i].dead;
    const units = stage.maps.shape[0];
    if (dead >= DEAD * units && (!worst || dead / units > worst.dead / worst.units)) worst = { dead, units, layer };
  }
  return worst;
}
