import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  text: texts(
    {
      title: 'What one unit sees',
      summary: 'How far into the image a unit looks, and why depth, stride and dilation widen its view.',
    },
    {
      title: '1 つのユニットに見えるもの',
      summary: 'ユニットの受容野はどこまで届くのか。層の深さ、ストライド、ダイレーションで広がるわけを見ます。',
    },
  ),
  questions: ['depth', 'growth', 'middle'],
} satisfies About;
