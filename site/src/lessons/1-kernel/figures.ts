// The figures of this lesson: their numbers and their Python.

import { picture } from '../arrays';
import { plan } from '../plan';
import code from './draw.py?raw';
import { KERNELS } from './kernels';

const DRAWN = picture(`
...............
...............
....#######....
...#########...
..###.....##...
..##.......#...
..##...........
..####.........
..#########....
.....#######...
..........##...
...........##..
..#.......###..
..##########...
....######.....
...............`);

const SIGN = picture(`
...............
.#############.
.#############.
.##.........##.
.##.........##.
.##..#####..##.
.##..#####..##.
.##..##.....##.
.##..##.....##.
.##..#########.
.##..#########.
.##............
.##............
.##############
.##############
...............`);

const SHAPE = [16, 15];

/** To draw on. */
export const draw = plan({
  code,
  given: { x: { shape: SHAPE, values: DRAWN.flat() }, W: { shape: [3, 3], values: KERNELS.left } },
  outputs: { y: 2 },
});

/** What one of the kernels makes of another picture. */
export const riddle = plan({
  code,
  given: { x: { shape: SHAPE, values: SIGN.flat() }, W: { shape: [3, 3], values: KERNELS.top } },
  outputs: { y: 2 },
});
