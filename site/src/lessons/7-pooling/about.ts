import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  chapter: 56,
  questions: ['first', 'line'],
  text: texts(
    {
      title: 'Pooling',
      summary: 'The largest number of each window: a smaller image, less sensitive to a small shift.',
    },
    {
      title: 'プーリング',
      summary: '窓ごとに最大の数をとる。小さくなった画像は、わずかなずれに左右されにくくなります。',
    },
  ),
} satisfies About;
