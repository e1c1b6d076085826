// Pooling: the largest number of each window, or the mean, channel by channel, and nothing to learn.

import { texts } from '../language.js';
import { short } from './grid.js';
import { Lesson } from './lesson.js';
import { indices, Tensor } from './tensor.js';

const CODE = `import pyconvlite.functions as F
import pyconvlite.layers as L

images = x[None]  # one image: (1, C, H, W)
layer = L.MaxPool(kernel_size, stride)
most = layer(images)[0]
mean = F.average_pooling(
    images, kernel_size, stride)[0]

learned = sum(p.size for p in layer.params())
`;

const SIZE = 4; // of the image, both ways
const PIXELS = [
  ...[1, 2, 0, 1, 3, 0, 2, 4, 1, 0, 3, 2, 4, 2, 0, 1],
  ...[0, -1, 5, 3, 2, -2, 1, 3, -4, -3, 0, 1, -1, -2, 6, 1],
  ...[7, 1, 1, 0, 1, 1, 0, 8, 0, 2, 2, 2, 3, 9, 2, 2],
];

const text = texts(
  {
    x: 'Input',
    most: 'Max pooling',
    mean: 'Average pooling',
    window: (
      /** @type {number} */ channel,
      /** @type {string} */ numbers,
      /** @type {string} */ most,
      /** @type {string} */ mean,
    ) => `The window lies in channel ${channel} only. Of ${numbers} the largest is ${most}; the mean is ${mean}.`,
    learned: (/** @type {number} */ learned) => `Numbers to learn in this layer: ${learned}.`,
  },
  {
    x: '入力',
    most: '最大値プーリング',
    mean: '平均プーリング',
    window: (channel, numbers, most, mean) =>
      `窓が見るのはチャンネル ${channel} だけです。${numbers} の最大値は ${most}、平均は ${mean} です。`,
    learned: (learned) => `この層で学習するパラメータは ${learned} 個です。`,
  },
);

export function startPooling() {
  const lesson = new Lesson('pooling');
  /** The output that the visitor points at. */
  let at = 0;
  const onPoint = (/** @type {number} */ index) => {
    at = index;
    lesson.show();
  };
  const x = lesson.give(lesson.row(), {
    name: 'x',
    title: () => text().x,
    shape: () => [lesson.knobs().C, SIZE, SIZE],
    values: PIXELS,
  });
  const most = new Tensor(lesson.row(), { name: 'most', title: () => text().most, first: [2, 2, 2], onPoint });
  const mean = new Tensor(lesson.row(), { name: 'mean', title: () => text().mean, first: [2, 2, 2], onPoint });

  lesson.start({
    code: CODE,
    outputs: { most: 3, mean: 3, learned: 0 },
    reset: () => (at = 0),
    show(values) {
      const { C, kernel_size: kernel, stride } = lesson.knobs();
      const places = Math.floor((SIZE - kernel) / stride) + 1;
      const shape = [C, places, places];
      // Outputs of another size come from code that the visitor wrote: what they look at is not known.
      const isKnown = !values || [values.most, values.mean].every((output) => String(output.shape) === String(shape));
      if (at >= C * places ** 2) at = 0;
      const [channel, row, column] = indices(at, shape);
      const covered = Array.from({ length: kernel ** 2 }, (_, i) => {
        const [down, right] = indices(i, [kernel, kernel]);
        return (channel * SIZE + row * stride + down) * SIZE + column * stride + right;
      });
      const window = covered.map((index) => x.numbers.data[index]);
      const largest = covered[window.indexOf(Math.max(...window))];
      x.draw((index) => {
        if (!isKnown || !covered.includes(index)) return '';
        return index === largest ? 'window target' : 'window';
      });
      if (!values) return;
      const mark = (/** @type {number} */ index) => (index === at ? 'target' : '');
      most.draw(values.most, mark);
      mean.draw(values.mean, mark);
      const [first, second] = [values.most, values.mean].map(({ data }) => short(data[at]));
      const learned = text().learned(values.learned.data[0]);
      lesson.say(
        isKnown ? `${text().window(channel, window.map(short).join(', '), first, second)}\n${learned}` : learned,
      );
    },
  });
}
