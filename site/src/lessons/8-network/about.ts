import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  chapter: 55,
  questions: ['flat'],
  text: texts(
    {
      title: 'A CNN is a stack of layers',
      summary: 'Convolve, pool, repeat, then classify: the layers of a whole network, their sizes and parameters.',
    },
    {
      title: 'CNN は層の積み重ね',
      summary: '畳み込みとプーリングを繰り返し、最後に全結合層でまとめます。ネットワーク全体の大きさと重みの数。',
    },
  ),
} satisfies About;
