import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['size', 'which', 'gradient'],
  text: texts(
    {
      title: 'The checkerboard and its cure',
      summary: 'Why images enlarged by deconvolution show a checkerboard, and two ways to get rid of it.',
    },
    {
      title: 'チェッカーボードとその直し方',
      summary: '逆畳み込みで拡大した画像に市松模様が出るわけと、それをなくす 2 つの方法を見ます。',
    },
  ),
} satisfies About;
