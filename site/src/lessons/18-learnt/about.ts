import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['field', 'response', 'weighted', 'other'],
  text: texts(
    {
      title: 'What a network has learned',
      summary:
        'Find the pictures that excite a filter, have it draw its own, and see where the evidence for an answer lies.',
    },
    {
      title: 'ネットワークは何を学んだのか',
      summary: 'フィルタを強く反応させる画像を探し、画像を描かせ、答えの根拠が画像のどこにあるのかを調べます。',
    },
  ),
} satisfies About;
