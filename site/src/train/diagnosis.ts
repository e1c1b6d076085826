// How a training does, in one plain sentence: the worst that can be seen in its curves and units.

import { texts } from '../app/language.svelte';
import type { Measure, Report } from '../engine/protocol';
import { type Curves, latest } from './curves';
import type { Run } from './state';

const SOME = 30; // batches: the loss of one says little
const WORSE = 1.5; // times the best loss: more than chance
const OVERFITTED = 1.08; // times the least test loss
const LATER = 3; // test losses that are all higher than the least
const DEAD = 0.25; // share of a layer's units; with fewer a network learns well, and they come and go

const text = texts(
  {
    diverging: 'Diverging: the loss rises. Lower the learning rate.',
    lost: 'Not learning: the loss is no better than guessing. Lower the learning rate.',
    slow: 'Barely moving: the loss falls very slowly. Raise the learning rate.',
    overfitting: (epoch: number) =>
      `Overfitting since epoch ${epoch}: it is still improving on the training images, but getting worse on the test images. Use more images, or dropout.`,
    dead: (dead: number, units: number, layer: string) =>
      `${dead} of ${units} units of ${layer} are dead: zero for every probe image. A lower learning rate keeps them alive.`,
    fine: 'Learning well.',
  },
  {
    diverging: '発散しています。損失が上がっています。学習率を下げてください。',
    lost: '学習できていません。損失が当てずっぽうのときより下がっていません。学習率を下げてください。',
    slow: 'ほとんど進んでいません。損失の下がり方がとても遅いです。学習率を上げてください。',
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
  if (last > guessing && last > WORSE * least) return { kind: 'bad', say: () => text().diverging };
  if (last > guessing) return { kind: 'bad', say: () => text().lost };
  if (last > WORSE * least && last - least > 0.3) return { kind: 'bad', say: () => text().diverging };
  const epoch = overfittedSince(curves, start.samples, settings.images);
  if (epoch) return { kind: 'warn', say: () => text().overfitting(epoch) };
  const dead = deadUnits(report, measures);
  if (dead) return { kind: 'warn', say: () => text().dead(dead.dead, dead.units, dead.layer) };
  if (pieces.length >= 4 && last > 0.85 * guessing) return { kind: 'warn', say: () => text().slow };
  return { kind: 'fine', say: () => text().fine };
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
