// Whether a page gets back what is drawn on a canvas: against fingerprinting, some browsers give noise in its place until
// the visitor allows it.

import { texts } from './language.svelte';

export const words = texts(
  {
    noise:
      'To prevent fingerprinting, your browser gives this page noise in place of drawings and pictures. Allow this site to use canvas image data, then reload the page.',
  },
  {
    noise:
      'フィンガープリント対策のため、ブラウザが絵や写真の代わりにノイズをこのページに渡しています。このサイトに canvas の画像データの使用を許可してから、ページを読み直してください。',
  },
);

export function isReadable(): boolean {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  if (!context) return true; // the browser is out of memory, which others tell
  context.fillStyle = '#fff';
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data.every((value) => value > 250); // a few browsers change the last bits only
}
