import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  chapter: 55,
  questions: ['first', 'line'],
  text: texts(
    {
      title: 'One number of a convolution',
      summary: 'Lay a grid of weights over an image, multiply, add. That is one number of the output.',
    },
    {
      title: '畳み込みの 1 つの数',
      summary: '重みの格子を画像に重ね、掛けて、足す。出力の数が 1 つ決まります。',
    },
  ),
} satisfies About;
