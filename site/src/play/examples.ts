// The examples: programs that run as well outside the browser.

import { commented, type Language, texts } from '../app/language.svelte';

const sources: Record<string, string> = import.meta.glob('../../python/examples/*.py', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** What they draw, small; tools/example_pictures.py makes them. */
const pictures: Record<string, string> = import.meta.glob('./pictures/*.webp', {
  query: '?url&no-inline',
  import: 'default',
  eager: true,
});

/** Each name is a file in python/examples; with a title and what there is to see. */
const described = texts(
  {
    chapter_55: ['Step 55: slide a kernel', 'One kernel over one image, by loops and by a call; stride and padding.'],
    chapter_56: ['Step 56: channels, batches, pooling', 'Three kernels over a color image, then max pooling.'],
    chapter_57: [
      'Step 57: im2col, and the graph of a convolution',
      'A convolution as one matrix product, and its graph.',
    ],
    chapter_58: ['Step 58: a small VGG learns to read digits', 'Trains on MNIST for some seconds; shows its mistakes.'],
    saliency: ['Saliency: which pixels matter', 'The gradient of a score with respect to the image.'],
    grad_cam: ['Grad-CAM: where a network looks', 'A heat map of the feature maps behind an answer.'],
    autoencoder: [
      'An autoencoder with deconvolutions',
      'Digits squeezed into a code a quarter of their size, and blended.',
    ],
    unet: ['U-Net: a class for each pixel', 'Discs and squares, told apart pixel by pixel.'],
    resnet: ['A residual network: shapes in color', 'Six shapes in noisy color images, with skip connections.'],
    gradient_penalty: [
      'WGAN-GP: a gradient inside a loss',
      'Two networks compete; the penalty is differentiated twice.',
    ],
    fine_tune: [
      'Fine-tuning: your own pictures',
      'EfficientNet-Lite0 learns three classes from 36 pictures; works with your files.',
    ],
    own_function: [
      'Your own Function, its gradients checked',
      'Write forward and backward, and let a check find the mistake.',
    ],
  },
  {
    chapter_55: [
      'ステップ 55: カーネルを動かす',
      '画像にカーネルを 1 つ。ループと関数で計算し、ストライドとパディングを試します。',
    ],
    chapter_56: [
      'ステップ 56: チャンネル、バッチ、プーリング',
      'カラー画像に 3 つのカーネルをかけ、最大値プーリングをします。',
    ],
    chapter_57: ['ステップ 57: im2col と畳み込みの計算グラフ', '畳み込みを 1 回の行列積にして、計算グラフを描きます。'],
    chapter_58: ['ステップ 58: 小さな VGG に数字を学習させる', 'MNIST で数秒学習させ、読み間違いを表示します。'],
    saliency: ['顕著性: どの画素が決め手か', 'スコアを画像で微分します。'],
    grad_cam: ['Grad-CAM: ネットワークはどこを見ているか', '答えに効いた特徴マップを重ねて表示します。'],
    autoencoder: ['逆畳み込みのオートエンコーダ', '数字を 4 分の 1 の符号に縮め、描き直したり混ぜたりします。'],
    unet: ['U-Net: 画素ごとの分類', '円と四角を、画素ごとに見分けます。'],
    resnet: [
      '残差ネットワーク: カラー画像の形を見分ける',
      'ノイズのあるカラー画像の 6 種類の形を、残差接続で見分けます。',
    ],
    gradient_penalty: ['WGAN-GP: 勾配を含む損失', '2 つのネットワークが競います。ペナルティは 2 回微分します。'],
    fine_tune: [
      'ファインチューニング: 自分の画像で学習させる',
      'EfficientNet-Lite0 が 36 枚の画像から 3 クラスを学びます。自分のファイルも使えます。',
    ],
    own_function: ['自分の Function と勾配の検査', 'forward と backward を書き、検査で間違いを見つけます。'],
  },
);

/** What those that draw no plot print. */
const PRINTED: Record<string, string> = {
  chapter_55: '[[15. 16.]\n [ 6. 15.]]\n\nstride 2, pad 1: 2 x 2',
  chapter_57: 'im2col (4, 18)\n\nIm2col → MatMul\n  → Reshape → Transpose',
};

export interface Example {
  /** That links have. */
  name: string;
  title: string;
  sentence: string;
  code: string;
  /** Addresses of a small picture of what it draws, for light and dark pages. */
  picture?: { light: string; dark: string };
  /** What it prints, where there is no picture. */
  printed?: string;
}

/** The examples, in the order of the menu, in the visitor's language. */
export const examples = (): Example[] =>
  Object.entries(described()).map(([name, [title, sentence]]) => {
    const light = pictures[`./pictures/${name}.webp`];
    return {
      name,
      title,
      sentence,
      code: codeOf(name),
      picture: light ? { light, dark: pictures[`./pictures/${name}-dark.webp`] } : undefined,
      printed: PRINTED[name],
    };
  });

/** The program of an example in the visitor's language; undefined where there is none of that name. */
export const exampleOf = (name: string): string | undefined =>
  Object.hasOwn(described(), name) ? codeOf(name) : undefined;

/** The name of the example that a program is, in either language; undefined if it is none. */
export const nameOf = (code: string): string | undefined =>
  Object.keys(described()).find((name) => codeOf(name, 'en') === code || codeOf(name, 'ja') === code);

const codeOf = (name: string, language?: Language): string =>
  commented(sources[`../../python/examples/${name}.py`], language);
