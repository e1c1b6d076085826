import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  questions: ['middle', 'corner'],
  text: texts(
    {
      title: 'Your own kernel, over a photo',
      summary:
        'Choose nine numbers and apply them to a picture or your camera. Stack two kernels, and edges become corners.',
    },
    {
      title: '写真に自分のカーネルを',
      summary: '9 個の数を決めて、写真やカメラの画像に重ねます。2 つ重ねると、縁から角が見つかります。',
    },
  ),
} satisfies About;
