import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  chapter: 55,
  questions: ['drag'],
  text: texts(
    {
      title: 'How large is the output?',
      summary: 'Count the positions at which the kernel fits: one formula, and the sizes that it rules out.',
    },
    {
      title: '出力の大きさ',
      summary: 'カーネルの置ける位置を数えます。1 つの式と、計算できない大きさの理由。',
    },
  ),
} satisfies About;
