import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['field', 'response', 'weighted', 'other'],
  text: texts(
    {
      title: 'What a network has learned',
      summary:
        'Find the images that excite a kernel, have it draw its own, and see where the evidence for an answer lies.',
    },
    {
      title: 'ネットワークは何を学んだのか',
      summary: 'カーネルを強く反応させる画像を探し、画像を描かせ、答えの根拠が画像のどこにあるのかを調べます。',
    },
  ),
} satisfies About;
