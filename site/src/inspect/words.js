// What the views of the inside say, in both languages.

import { texts } from '../language.js';

/** A number to three decimals. @param {number} value */
export const number = (value) => value.toFixed(3).replace('-', '−');

/** What a step does, for people; a step that has no other name goes by its Function's. @type {Record<string, [string, string]>} */
const KINDS = {
  Conv2d: ['convolution', '畳み込み'],
  Conv2dReLU: ['convolution, ReLU', '畳み込みと ReLU'],
  Linear: ['fully connected', '全結合'],
  Pooling: ['max pooling', '最大プーリング'],
  AveragePooling: ['average pooling', '平均プーリング'],
  Softmax: ['softmax', 'ソフトマックス'],
};

export const text = texts(
  {
    kind: (/** @type {string} */ kind) => KINDS[kind]?.[0] ?? kind,
    shape: (/** @type {number[]} */ [n, height, width]) =>
      height * width === 1 ? `${n} units` : `${n} maps, ${height} × ${width}`,
    map: (/** @type {number} */ i, /** @type {number} */ low, /** @type {number} */ high) =>
      low === high ? `${i}: ${number(low)}` : `${i}: from ${number(low)} to ${number(high)}`,
    dead: 'dead: zero for every probe image',
    deadCount: (/** @type {number} */ n, /** @type {number} */ all) => `${n} of ${all} dead`,
    activations: (/** @type {string} */ low, /** @type {string} */ high, /** @type {string} */ zeros) =>
      `Activations on the probe images, from ${low} to ${high}, ${zeros} of them zero`,
    gradient: (/** @type {string} */ layer, /** @type {string} */ norm) => `${layer} ${norm}`,
    gradients: (/** @type {string} */ list, /** @type {string} */ images) =>
      `Gradient norms after ${images} images: ${list}`,
    change: (/** @type {string} */ share) => `changed by ${share}`,
    distribution: (
      /** @type {string} */ layer,
      /** @type {string} */ low,
      /** @type {string} */ high,
      /** @type {string} */ share,
    ) => `Weights of ${layer} before training and now, from ${low} to ${high}: changed by ${share}`,
    share: (/** @type {string} */ share) => `Looking inside takes ${share} of the training’s time.`,
    picture: 'picture',
    pictureShape: '28 × 28 pixels',
    saliency: (/** @type {string} */ name) => `Saliency: how much each pixel moves the score of “${name}”`,
    target: 'Score of',
    answer: 'its answer',
    title: (/** @type {string} */ stage, /** @type {number} */ i) => `${stage}, map ${i}`,
    unitTitle: (/** @type {string} */ stage, /** @type {number} */ i) => `${stage}, unit ${i}`,
    slices: (/** @type {number} */ n) =>
      n === 1 ? 'Its kernel has one slice' : `Its kernel has ${n} slices, one for each map of the input`,
    slice: (/** @type {number} */ i, /** @type {string} */ sum) => `Slice ${i}, sum ${sum}`,
    source: (/** @type {number} */ i) => `Map ${i} of the input`,
    sourceUnits: 'The input',
    sourcePicture: 'The picture',
    grid: (/** @type {string} */ what) => what,
    window: 'Values in the window',
    weights: 'Values of the kernel',
    weightsBefore: 'Values of the kernel before training',
    products: 'Products',
    sum: (/** @type {string} */ sums, /** @type {string} */ bias, /** @type {string} */ value) =>
      `Sum of all products ${sums} + bias ${bias} = ${value}`,
    rectified: (/** @type {string} */ sum, /** @type {string} */ value) => `, and ReLU: max(0, ${sum}) = ${value}`,
    max: (/** @type {string} */ value) => `The largest value in the window: ${value}`,
    mean: (/** @type {string} */ value) => `The mean of the window: ${value}`,
    each: (/** @type {string} */ kind, /** @type {string} */ values, /** @type {string} */ value) =>
      `${kind}(${values}) = ${value}`,
    relu: (/** @type {string} */ values, /** @type {string} */ value) => `max(0, ${values}) = ${value}`,
    softmax: (/** @type {string} */ values, /** @type {string} */ value) =>
      `e^(${values}), divided by the sum of this over all classes, = ${value}`,
  },
  {
    kind: (kind) => KINDS[kind]?.[1] ?? kind,
    shape: ([n, height, width]) => (height * width === 1 ? `${n} ユニット` : `${n} マップ、${height} × ${width}`),
    map: (i, low, high) => (low === high ? `${i}: ${number(low)}` : `${i}: ${number(low)} から ${number(high)}`),
    dead: '死んだユニット: 調査用のどの画像でも 0',
    deadCount: (n, all) => `${all} のうち ${n} が死んでいる`,
    activations: (low, high, zeros) => `調査用の画像での活性: ${low} から ${high}、うち ${zeros} が 0`,
    gradient: (layer, norm) => `${layer} ${norm}`,
    gradients: (list, images) => `画像 ${images} 枚のあとの勾配のノルム: ${list}`,
    change: (share) => `変化 ${share}`,
    distribution: (layer, low, high, share) => `${layer} の学習前と現在の重み、${low} から ${high}: 変化 ${share}`,
    share: (share) => `この表示に使っている時間は学習時間の ${share} です。`,
    picture: '画像',
    pictureShape: '28 × 28 画素',
    saliency: (name) => `顕著性: 各画素が「${name}」のスコアをどれだけ動かすか`,
    target: 'どのスコア',
    answer: '読んだ答え',
    title: (stage, i) => `${stage} のマップ ${i}`,
    unitTitle: (stage, i) => `${stage} のユニット ${i}`,
    slices: (n) => (n === 1 ? 'カーネルは 1 枚' : `カーネルは ${n} 枚。入力のマップ 1 枚ごとに 1 枚ある`),
    slice: (i, sum) => `${i} 枚目、和 ${sum}`,
    source: (i) => `入力のマップ ${i}`,
    sourceUnits: '入力',
    sourcePicture: '画像',
    grid: (what) => what,
    window: '窓の中の値',
    weights: 'カーネルの値',
    weightsBefore: '学習前のカーネルの値',
    products: '積',
    sum: (sums, bias, value) => `すべての積の和 ${sums} + バイアス ${bias} = ${value}`,
    rectified: (sum, value) => `。さらに ReLU: max(0, ${sum}) = ${value}`,
    max: (value) => `窓の中の最大値: ${value}`,
    mean: (value) => `窓の中の平均: ${value}`,
    each: (kind, values, value) => `${kind}(${values}) = ${value}`,
    relu: (values, value) => `max(0, ${values}) = ${value}`,
    softmax: (values, value) => `e^(${values}) を全クラスの e^(…) の和で割って ${value}`,
  },
);

/** How a stage is called. @param {import('../engine/answers.js').Stage} stage */
export const stageName = ({ layer, kind }) => layer || text().kind(kind);
