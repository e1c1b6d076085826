// The figures of this lesson: their numbers and their Python.

import { picture } from '../arrays';
import { type Knobs, plan } from '../plan';
import code from './pooling.py?raw';
import shift from './shifted.py?raw';
import { placesOf, SIZE } from './windows';

export const pooling = plan({
  code,
  given: {
    x: {
      shape: ({ C }: Knobs) => [C, SIZE, SIZE],
      values: [
        ...[1, 2, 0, 1, 3, 0, 2, 4, 1, 0, 3, 2, 4, 2, 0, 1],
        ...[0, -1, 5, 3, 2, -2, 1, 3, -4, -3, 0, 1, -1, -2, 6, 1],
        ...[7, 1, 1, 0, 1, 1, 0, 8, 0, 2, 2, 2, 3, 9, 2, 2],
      ],
    },
  },
  knobs: {
    C: { value: 2, min: 1, max: 3 },
    kernel_size: { value: 2, min: 1, max: 4 },
    stride: { value: 2, min: 1, max: 4 },
    at: { value: 0 },
  },
  outputs: { most: 3, mean: 3, learned: 0 },
  settle: (knobs) => {
    if (knobs.at >= knobs.C * placesOf(knobs) ** 2) knobs.at = 0;
  },
});

const FACE = picture(`
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
....................`);

export const shifted = plan({
  code: shift,
  given: { x: { shape: [FACE.length, FACE[0].length], values: FACE.flat() } },
  knobs: {
    right: { value: 1, min: -10, max: 10, keepsShapes: true },
    down: { value: 0, min: -10, max: 10, keepsShapes: true },
    kernel_size: { value: 3, min: 1, max: 20 },
    stride: { value: 2, min: 1, max: 20 },
  },
  outputs: { moved: 2, pooled: 2, pooled_moved: 2, before: 0, after: 0 },
});
