import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  chapter: 55,
  questions: ['length', 'photo'],
  text: texts(
    {
      title: 'One, two, three directions',
      summary: 'Sound, images, video: what makes a convolution 1-, 2- or 3-dimensional.',
    },
    {
      title: '1 方向、2 方向、3 方向',
      summary: '音、画像、動画。畳み込みが 1 次元、2 次元、3 次元になるのはどんなときでしょうか。',
    },
  ),
} satisfies About;
