import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  text: texts(
    {
      title: 'Where gradients go',
      summary: 'Follow a gradient back through convolution and pooling, and differentiate it once more.',
    },
    {
      title: '勾配の行き先',
      summary: '畳み込みとプーリングを逆向きにたどる勾配を追い、その勾配をもう一度微分します。',
    },
  ),
  questions: ['flow', 'adjoint', 'weights', 'routing', 'second'],
} satisfies About;
