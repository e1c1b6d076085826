// What the knobs of a convolution are called.

import { texts } from '../app/language.svelte';

export const label = texts(
  { kernel: 'Kernel size', stride: 'Stride', pad: 'Padding' },
  { kernel: 'カーネルサイズ', stride: 'ストライド', pad: 'パディング' },
);
