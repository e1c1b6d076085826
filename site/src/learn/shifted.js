// A picture and the same one shifted: pixel for pixel they differ, pooled they are nearly alike.

import { texts } from '../language.js';
import { Lesson } from './lesson.js';
import { Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F

way = kernel_size, stride

def pool(image):
    y = F.pooling(image[None, None], *way)
    return y.data[0, 0]

moved = np.roll(x, (down, right), axis=(0, 1))
pooled = pool(x)
pooled_moved = pool(moved)

def alike(a, b):  # 1: equal, 0: nothing shared
    total = np.maximum(a, b).sum()
    shared = np.minimum(a, b).sum()
    return shared / total if total else 1

before = alike(x, moved)
after = alike(pooled, pooled_moved)
`;

const PICTURE = `
....................
....................
....................
......########......
.....##......##.....
....#..........#....
...##..........##...
...#...#....#...#...
...#...#....#...#...
...#............#...
...#............#...
...#............#...
...#..##....##..#...
...##...####...##...
....#..........#....
.....##......##.....
......########......
....................
....................
....................`;

const WIDTH = 200; // pixels of each picture

const text = texts(
  {
    x: 'Your picture',
    moved: 'Shifted',
    pooled: 'Pooled',
    pooledMoved: 'Shifted, then pooled',
    alike: (/** @type {string} */ before, /** @type {string} */ after) =>
      `The pictures have ${before} of their light in common; once they are pooled, ${after}. Framed: where the pooled pictures differ.`,
  },
  {
    x: 'あなたの画像',
    moved: 'ずらした画像',
    pooled: 'プーリング後',
    pooledMoved: 'ずらしてからプーリング',
    alike: (before, after) =>
      `2枚の画像が重なる割合は ${before} ですが、プーリング後は ${after} になります。枠は、プーリング後の画像で値が違うところです。`,
  },
);

export function startShifted() {
  const start = PICTURE.trim()
    .split('\n')
    .map((line) => [...line].map((sign) => Number(sign === '#')));
  const shape = [start.length, start[0].length];
  const lesson = new Lesson('shifted');
  const picture = { pixels: true, width: WIDTH };
  const pictures = lesson.row();
  const x = lesson.give(pictures, { name: 'x', title: () => text().x, shape, values: start.flat(), ...picture });
  const moved = new Tensor(pictures, { name: 'moved', title: () => text().moved, first: shape, ...picture });
  const small = lesson.row();
  const first = [9, 9];
  const pooled = new Tensor(small, { name: 'pooled', title: () => text().pooled, first, ...picture });
  const after = new Tensor(small, { name: 'pooled_moved', title: () => text().pooledMoved, first, ...picture });

  lesson.start({
    code: CODE,
    outputs: { moved: 2, pooled: 2, pooled_moved: 2, before: 0, after: 0 },
    show(values) {
      x.draw();
      if (!values) return;
      moved.draw(values.moved);
      pooled.draw(values.pooled);
      after.draw(values.pooled_moved, (index) =>
        values.pooled_moved.data[index] === values.pooled.data[index] ? '' : 'target',
      );
      const [share, pooledShare] = [values.before, values.after].map(({ data }) => `${Math.round(100 * data[0])} %`);
      lesson.say(text().alike(share, pooledShare));
    },
  });
}
