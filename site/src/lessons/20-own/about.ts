import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['pooling', 'accuracy'],
  text: texts(
    {
      title: 'A network of your own',
      summary: 'Put one together, say what it will cost, train it on handwriting, and take it with you.',
    },
    {
      title: '自分のネットワークを作る',
      summary: '層を組み立て、パラメータの数を予想し、手書き数字で学習させて、持ち帰ります。',
    },
  ),
} satisfies About;
