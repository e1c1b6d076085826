// A network as the row of its layers, with the size of what each gives to the next.

import { texts } from '../language.js';
import { count, make } from '../views/dom.js';
import { svg } from '../views/svg.js';
import { Lesson } from './lesson.js';
import { block, bounds } from './solid.js';
import { shapeText } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.layers as L

layers = [
    L.Conv2d(OC1, kernel_size=K, pad=P),
    L.ReLU(),
    L.MaxPool(2, 2),
    L.Conv2d(OC2, kernel_size=K, pad=P),
    L.ReLU(),
    L.MaxPool(2, 2),
    L.Flatten(),
    L.Linear(10),
]

x = np.zeros((1, C, H, W), dtype=np.float32)
names, sizes, weights = ["Image"], [(C, H, W)], [0]
for layer in layers:
    x = layer(x)
    names.append(type(layer).__name__)
    sizes.append((*x.shape[1:], 1, 1)[:3])  # flat: (n, 1, 1)
    weights.append(sum(p.size for p in layer.params()))
names = " ".join(names)
`;

const SCALE = [0.55, 2.6, 2.6]; // of channels, rows and columns in the drawing
const LONGEST = [46, 92, 92]; // what is larger is drawn this large

const text = texts(
  {
    kinds: (/** @type {string} */ name) =>
      ({
        Image: 'one picture',
        Conv2d: 'slides kernels',
        ReLU: 'negative numbers become 0',
        MaxPool: 'shrinks the maps',
        AvgPool: 'shrinks the maps',
        Flatten: 'all numbers in a row',
        Linear: 'weighs all of them',
      })[name] ?? '',
    weights: (/** @type {number} */ n) => (n ? `${count(n)} weights to learn` : 'nothing to learn'),
    told: (/** @type {number} */ layers, /** @type {string} */ size, /** @type {number} */ weights) =>
      `${layers} layers turn the picture into ${size}; they have ${count(weights)} weights to learn.`,
  },
  {
    kinds: (name) =>
      ({
        Image: '1枚の画像',
        Conv2d: 'カーネルをずらして和をとる',
        ReLU: '負の数を 0 にする',
        MaxPool: '特徴マップを縮める',
        AvgPool: '特徴マップを縮める',
        Flatten: 'すべての数を1列に並べる',
        Linear: 'すべての数に重みをかけて足す',
      })[name] ?? '',
    weights: (n) => (n ? `学習する重み ${count(n)} 個` : '学習する重みはない'),
    told: (layers, size, weights) =>
      `${layers} 層で画像が ${size} になります。学習する重みは全部で ${count(weights)} 個です。`,
  },
);

export function startNetwork() {
  const lesson = new Lesson('network');
  const list = make('ol', { className: 'network' });
  lesson.stage.append(list);
  lesson.start({
    code: CODE,
    inputs: () => ({}),
    outputs: { names: 'text', sizes: 2, weights: 1 },
    show(values) {
      if (!values) return;
      const names = values.names.split(' ');
      const size = (/** @type {number} */ i) => {
        const [C, H, W] = values.sizes.data.slice(3 * i, 3 * i + 3);
        return H === 1 && W === 1 ? [C] : [C, H, W];
      };
      list.replaceChildren(
        ...names.map((/** @type {string} */ name, /** @type {number} */ i) => {
          const shape = size(i);
          return make(
            'li',
            {},
            drawn(shape),
            make('strong', { textContent: i ? name : text().kinds(name) }),
            make('code', { textContent: shapeText(shape) }),
            ...(i
              ? [
                  make('span', { textContent: text().kinds(name) }),
                  make('span', { textContent: text().weights(values.weights.data[i]) }),
                ]
              : []),
          );
        }),
      );
      const total = values.weights.data.reduce((/** @type {number} */ sum, /** @type {number} */ n) => sum + n, 0);
      lesson.say(text().told(names.length - 1, shapeText(size(names.length - 1)), total));
    },
  });
}

/** A stack of feature maps, or a column of numbers. @param {number[]} shape */
function drawn(shape) {
  const [depth, rows, columns] = shape.length === 1 ? [1, shape[0] / 2, 2] : shape;
  const extent = [depth, rows, columns].map((n, axis) => Math.min(LONGEST[axis], Math.max(3, n * SCALE[axis])));
  const { width, height, rise } = bounds(extent, 1);
  const box = [-1, -rise - 1, width + 2, height + 2];
  const drawing = svg(
    'svg',
    { viewBox: box.join(' '), 'aria-hidden': 'true' },
    block({ extent, cell: 1, lines: false }),
  );
  drawing.style.inlineSize = `${box[2]}px`;
  return drawing;
}
