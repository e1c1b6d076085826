import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  chapter: 56,
  questions: ['products', 'weights', 'alone'],
  text: texts(
    {
      title: 'Channels',
      summary: 'Kernels as deep as their input, a map from each, a bias for each, and many images at once.',
    },
    {
      title: 'チャンネル',
      summary: '入力と同じ奥行きのカーネル、カーネルごとの特徴マップとバイアス、そしてミニバッチ。',
    },
  ),
} satisfies About;
