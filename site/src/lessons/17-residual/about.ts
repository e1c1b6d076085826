import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['block', 'zero'],
  text: texts(
    {
      title: 'Why a residual block adds its input',
      summary: 'One plus sign lets gradients reach the first layer, and makes very deep networks learn.',
    },
    {
      title: '残差ブロックが入力を足すわけ',
      summary: '足し算 1 つで勾配が最初の層まで届き、とても深いネットワークが学習できるようになります。',
    },
  ),
} satisfies About;
