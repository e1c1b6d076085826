// The examples of the menu: programs that run as well outside the browser.

import { language, texts } from '../language.js';

/** @type {Record<string, string>} */
const sources = import.meta.glob('../../python/examples/*.py', { query: '?raw', import: 'default', eager: true });

/** Each name is a file in python/examples. */
const titles = texts(
  {
    chapter_55: 'Chapter 55: slide a kernel',
    chapter_56: 'Chapter 56: channels, batches, pooling',
    chapter_57: 'Chapter 57: im2col, and the graph of a convolution',
    chapter_58: 'Chapter 58: a small VGG learns to read digits',
    saliency: 'Saliency: which pixels matter',
    grad_cam: 'Grad-CAM: where a network looks',
    autoencoder: 'An autoencoder with deconvolutions',
    unet: 'U-Net: a class for each pixel',
    resnet: 'A residual network: shapes in color',
    gradient_penalty: 'WGAN-GP: a gradient inside a loss',
    fine_tune: 'Fine-tuning: your own pictures',
    own_function: 'Your own Function, its gradients checked',
  },
  {
    chapter_55: '第 55 章: カーネルを動かす',
    chapter_56: '第 56 章: チャンネル、バッチ、プーリング',
    chapter_57: '第 57 章: im2col と畳み込みの計算グラフ',
    chapter_58: '第 58 章: 小さな VGG に数字を学習させる',
    saliency: '顕著性: どの画素が決め手か',
    grad_cam: 'Grad-CAM: ネットワークはどこを見ているか',
    autoencoder: '逆畳み込みのオートエンコーダ',
    unet: 'U-Net: 画素ごとの分類',
    resnet: '残差ネットワーク: カラー画像の形を見分ける',
    gradient_penalty: 'WGAN-GP: 勾配を含む損失',
    fine_tune: 'ファインチューニング: 自分の画像で学習する',
    own_function: '自分の Function と勾配の検査',
  },
);

/**
 * The examples, in the order of the menu.
 *
 * @returns {{title: string, code: string}[]}  in the visitor's language
 */
export const examples = () =>
  Object.entries(titles()).map(([name, title]) => ({
    title,
    code: codeOf(sources[`../../python/examples/${name}.py`]),
  }));

/**
 * A program with the comments of one language: a line that begins with `# en:` or `# ja:` is for that one alone.
 *
 * @param {string} source
 */
function codeOf(source) {
  const other = language() === 'ja' ? '# en: ' : '# ja: ';
  const lines = source.split('\n').filter((line) => !line.trimStart().startsWith(other));
  return lines.map((line) => line.replace(/^(\s*# )(en|ja): /, '$1')).join('\n');
}
