import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['degree', 'flip'],
  text: texts(
    {
      title: 'Overfitting, and a cure',
      summary:
        'A model that has memorized its examples fails on new ones. Vary the examples, and it learns what matters.',
    },
    {
      title: '過学習とその対策',
      summary:
        '訓練データを丸暗記したモデルは、新しいデータで間違えます。データに変化をつけると、大事なことを学びます。',
    },
  ),
} satisfies About;
