import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['straight', 'limit', 'momentum'],
  text: texts(
    {
      title: 'Downhill in slow motion',
      summary: 'Watch gradient descent take single steps, bounce when they are too long, and roll with momentum.',
    },
    {
      title: 'スローモーションで見る勾配降下',
      summary: '勾配降下法を 1 歩ずつ追い、学習率が大きすぎるとはね返り、モメンタムがあると転がる様子を見ます。',
    },
  ),
} satisfies About;
