// What several figures of this lesson call the same.

import { texts } from '../../app/language.svelte';

export const word = texts(
  {
    steps: 'Training steps',
    layer: 'Layer',
    layers: ['Layer 1', 'Layer 2'],
    classes: 'The classes',
    channel: 'Kernel',
    digit: 'Class',
    first: 'Upper digit',
    second: 'Lower digit',
  },
  {
    steps: '学習のステップ数',
    layer: '層',
    layers: ['第 1 層', '第 2 層'],
    classes: 'クラス',
    channel: 'カーネル',
    digit: 'クラス',
    first: '上の数字',
    second: '下の数字',
  },
);

/** A number with a minus sign in place of the hyphen. */
export const typeset = (number: string): string => number.replace('-', '−');
