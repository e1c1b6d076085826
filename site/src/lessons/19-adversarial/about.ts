import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['read', 'many', 'target', 'noise'],
  text: texts(
    {
      title: 'Images that fool a network',
      summary: 'A change too small to matter to you, in the direction that matters most to the network. And a defence.',
    },
    {
      title: 'ネットワークをだます画像',
      summary: '人には気にならない小さな変化でも、ネットワークがいちばん弱い方向なら読み違えます。防ぐ方法も試します。',
    },
  ),
} satisfies About;
