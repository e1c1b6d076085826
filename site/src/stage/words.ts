// What the picture of the network says, and how it writes numbers.

import { listed, texts } from '../app/language.svelte';
import { percent } from '../app/numbers';
import type { Detail, Stage } from '../engine/findings';

/** A number to three decimals; a very large or very small one by its power of ten. */
export function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  const written =
    size >= 1000 || (size && size < 0.0005) ? value.toExponential(1).replace('e+', 'e') : value.toFixed(3);
  return written.replaceAll('-', '−');
}

/** A number as it fits a cell of a grid. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return number(value);
  const size = Math.abs(value);
  if (size >= 1000) return value.toExponential(0).replace('e+', 'e').replaceAll('-', '−');
  return value
    .toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
    .replace(/^-0\.00$/, '0.00')
    .replace('-', '−');
}

/** A share; of a network that has diverged there is none. */
export const share = (value: number, digits = 1): string => (Number.isFinite(value) ? percent(value, digits) : '–');

/** In English, in Japanese, and in Japanese where there is little room. */
const KINDS: Record<string, [string, string, string?]> = {
  Conv2d: ['convolution', '畳み込み'],
  Conv2dReLU: ['convolution, ReLU', '畳み込みと ReLU'],
  Linear: ['linear', '全結合'],
  Pooling: ['max pool', '最大値プーリング', 'プーリング'],
  AveragePooling: ['average pool', '平均プーリング', 'プーリング'],
  AvgPool: ['average pool', '平均プーリング', 'プーリング'], // with ceil_mode
  BatchNorm: ['batch norm', 'バッチ正規化', '正規化'],
  Softmax: ['softmax', 'ソフトマックス', 'softmax'],
  Add: ['sum', '和'],
};

export const text = texts(
  {
    stage: 'The network',
    network: 'Network',
    where: 'Place in the network',
    invite: 'Choose a map to see how it is computed.',
    empty: 'Its numbers appear once Python is ready.',
    kind: (kind: string) => KINDS[kind]?.[0] ?? kind,
    shortKind: (kind: string) => KINDS[kind]?.[0] ?? kind,
    size: ([n, height, width]: number[]) => (height * width === 1 ? `${n} units` : `${n} × ${height}×${width}`),
    units: (n: number) => `${n} units`,
    layer: (kind: string, shape: string) => `${kind && `, ${kind}`}: ${shape}. Details`,
    shape: ([n, height, width]: number[]) =>
      height * width === 1 ? `${n} units` : `${n} maps of ${height} × ${width}`,
    map: (i: number) => `map ${i}`,
    unit: (i: number) => `unit ${i}`,
    dead: (n: number) => `${n} dead`,
    isDead: 'dead: zero for every probe image',
    picture: 'Image',
    pictureOf: 'The image, 28 × 28 pixels. Which pixels decide',
    bar: (name: string, p: string) => `${name}: ${p}`,
    oneSum: 'sum',
    pixel: (row: number, column: number) => `row ${row}, column ${column}`,
    pixelIs: (row: number, column: number, value: string) =>
      `Pixel in row ${row}, column ${column}: ${value}. Arrow keys move, Enter opens its sum`,
    unitIs: (value: string) => `${value}. Enter opens its sum`,
    input: 'input',
    kernel: 'kernel',
    part: 'input ∗ kernel',
    slice: (i: number, sum: string) => `Kernel slice ${i}, sum ${sum}`,
    bias: (value: string) => `bias ${value}`,
    window: 'window',
    weights: 'weights',
    before: 'before training',
    products: 'products',
    sums: (n: number) => `sums of the ${n} slices`,
    sum: (sums: string, bias: string, value: string) => `Σ ${sums} + bias ${bias} = ${value}`,
    rectified: (sum: string, value: string) => `, then max(0, ${sum}) = ${value}`,
    max: (value: string) => `The largest value in the window: ${value}`,
    mean: (value: string) => `The mean of the window: ${value}`,
    each: (kind: string, values: string, value: string) => `${kind}(${values}) = ${value}`,
    relu: (values: string, value: string) => `max(0, ${values}) = ${value}`,
    softmax: (values: string, value: string) => `e^(${values}) ÷ the sum of e^score over all classes = ${value}`,
    activations: 'activations',
    activationsOf: (low: string, high: string, zeros: string) => `${low} to ${high}, ${zeros} zero`,
    course: 'activations over time',
    gradients: 'gradient norm over time',
    distribution: 'weights, before training and now',
    changed: (share: string) => `changed by ${share}`,
    saliency: (name: string) => `how much each pixel moves the score of “${name}”`,
    target: 'Score of',
    answer: 'the predicted class',
    answers: 'The answer',
    tableTitle: (answer: string, p: string) => `The network reads “${answer}”, with probability ${p}.`,
    columns: ['Layer', 'What it does', 'Output', 'Dead', 'Gradient norm'],
    classes: ['Class', 'Probability'],
  },
  {
    stage: 'ネットワーク',
    network: 'ネットワーク',
    where: 'ネットワークの中の位置',
    invite: '特徴マップを選ぶと、その計算のしかたが見られます。',
    empty: 'Python の準備ができると、値が表示されます。',
    kind: (kind) => KINDS[kind]?.[1] ?? kind,
    shortKind: (kind) => KINDS[kind]?.[2] ?? KINDS[kind]?.[1] ?? kind,
    size: ([n, height, width]) => (height * width === 1 ? `${n} ユニット` : `${n} × ${height}×${width}`),
    units: (n) => `${n} 個`,
    layer: (kind, shape) => `${kind && `、${kind}`}: ${shape}。詳しく見る`,
    shape: ([n, height, width]) =>
      height * width === 1 ? `${n} ユニット` : `特徴マップ ${n} 枚、${height} × ${width}`,
    map: (i) => `特徴マップ ${i}`,
    unit: (i) => `ユニット ${i}`,
    dead: (n) => `死滅 ${n} 個`,
    isDead: '死んだユニット: 調査用のどの画像でも 0',
    picture: '画像',
    pictureOf: '画像、28 × 28 画素。どの画素が決め手か',
    bar: (name, p) => `${name}: ${p}`,
    oneSum: '和',
    pixel: (row, column) => `${row} 行 ${column} 列`,
    pixelIs: (row, column, value) => `${row} 行 ${column} 列の画素: ${value}。矢印キーで動かし、Enter で和を開く`,
    unitIs: (value) => `${value}。Enter で和を開く`,
    input: '入力',
    kernel: 'カーネル',
    part: '入力 ∗ カーネル',
    slice: (i, sum) => `カーネルの ${i} 枚目、和 ${sum}`,
    bias: (value) => `バイアス ${value}`,
    window: '窓',
    weights: '重み',
    before: '学習前',
    products: '積',
    sums: (n) => `${n} 枚それぞれの和`,
    sum: (sums, bias, value) => `Σ ${sums} + バイアス ${bias} = ${value}`,
    rectified: (sum, value) => `。さらに max(0, ${sum}) = ${value}`,
    max: (value) => `窓の中の最大値: ${value}`,
    mean: (value) => `窓の中の平均: ${value}`,
    each: (kind, values, value) => `${kind}(${values}) = ${value}`,
    relu: (values, value) => `max(0, ${values}) = ${value}`,
    softmax: (values, value) => `e^(${values}) ÷ 全クラスの e^スコア の和 = ${value}`,
    activations: '活性化の値',
    activationsOf: (low, high, zeros) => `${low} から ${high}、${zeros} が 0`,
    course: '活性化の値の推移',
    gradients: '勾配のノルムの推移',
    distribution: '学習前と現在の重み',
    changed: (share) => `変化 ${share}`,
    saliency: (name) => `各画素が「${name}」のスコアをどれだけ動かすか`,
    target: 'スコアのクラス',
    answer: '予測したクラス',
    answers: '答え',
    tableTitle: (answer, p) => `${p} の確率で「${answer}」と読んでいます。`,
    columns: ['層', '計算', '出力', '死んだユニット', '勾配のノルム'],
    classes: ['クラス', '確率'],
  },
);

/** How a stage is called. */
export const stageName = ({ layer, kind }: Pick<Stage, 'layer' | 'kind'>): string => layer || text().kind(kind);

/** The same where there is little room. */
export const shortName = ({ layer, kind }: Pick<Stage, 'layer' | 'kind'>): string => layer || text().shortKind(kind);

/** A map or a unit, by its number. */
const mapName = ({ maps: { shape } }: Stage, channel: number): string =>
  (shape[1] * shape[2] === 1 ? text().unit : text().map)(channel + 1);

/** A map or a unit, by its stage and its number. */
export const mapTitle = (stage: Stage, channel: number): string => listed([stageName(stage), mapName(stage, channel)]);

/** The same where there is little room. */
export const shortTitle = (stage: Stage, channel: number): string =>
  listed([shortName(stage), mapName(stage, channel)]);

/** How a pixel came about, in a line. */
export function equation(kind: string, { rule, value, values = [], sums = [], bias = 0 }: Detail): string {
  const [given, result] = [values.map(number).join(', '), number(value)];
  if (rule === 'max') return text().max(result);
  if (rule === 'mean') return text().mean(result);
  if (rule === 'each') {
    if (kind === 'ReLU') return text().relu(given, result);
    return kind === 'Softmax' ? text().softmax(given, result) : text().each(text().kind(kind), given, result);
  }
  const products = sums.reduce((all, sum) => all + sum, 0);
  const said = text().sum(number(products), number(bias), number(products + bias));
  return kind === 'Conv2dReLU' ? said + text().rectified(number(products + bias), result) : said;
}

/** The index of the number that is largest in size. */
export const strongest = (values: ArrayLike<number>): number => {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (Math.abs(values[i]) > Math.abs(values[best])) best = i;
  return best;
};
