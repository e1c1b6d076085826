import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['which'],
  text: texts(
    {
      title: 'What a kernel sees',
      summary: 'Nine numbers decide what a convolution looks for. Draw, and watch it find edges.',
    },
    {
      title: 'カーネルには何が見える?',
      summary: '畳み込みが何を探すかは、9 個の数で決まります。絵を描いて、縁(エッジ)が見つかる様子を見てみましょう。',
    },
  ),
} satisfies About;
