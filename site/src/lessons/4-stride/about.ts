import { texts } from '../../app/language.svelte';
import type { About } from '../lessons';

export default {
  chapter: 55,
  questions: ['same', 'line'],
  text: texts(
    {
      title: 'Padding and stride',
      summary: 'A border that keeps images from shrinking, and steps that shrink them on purpose.',
    },
    {
      title: 'パディングとストライド',
      summary: '画像を縮ませないための縁と、あえて縮めるための歩幅。',
    },
  ),
} satisfies About;
