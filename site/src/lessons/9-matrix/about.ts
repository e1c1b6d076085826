import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  text: texts(
    {
      title: 'A convolution is a matrix product',
      summary: 'Lay out what the kernel covers as rows, and a single product computes every sum.',
    },
    {
      title: '畳み込みは行列の積',
      summary: 'カーネルの下にある画素を行に並べれば、1 回の行列の積ですべての和が求まります。',
    },
  ),
  chapter: 57,
  questions: ['rows', 'product', 'back', 'taps', 'pool', 'copies', 'memory'],
} satisfies About;
