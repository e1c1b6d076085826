// A picture to paint on, and what a kernel of nine numbers makes of it.

import { onLanguage, texts } from '../language.js';
import { make } from '../views/dom.js';
import { element } from './formulas.js';
import { short } from './grid.js';
import { Lesson, signed } from './lesson.js';
import { Tensor } from './tensor.js';

const CODE = `import pyconvlite.functions as F

image, kernel = x[None, None], W[None, None]
y = F.conv2d(image, kernel, pad=1)[0, 0]
`;

const PICTURE = `
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
...............`;

/** @type {Record<'left' | 'top' | 'point' | 'blur', number[]>} */
const KERNELS = {
  left: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  top: [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  point: [-1, -1, -1, -1, 8, -1, -1, -1, -1],
  blur: [1, 2, 1, 2, 4, 2, 1, 2, 1],
};

const text = texts(
  {
    x: 'Your picture',
    y: 'What the kernel sees',
    W: 'Kernel',
    left: 'Left edges',
    top: 'Upper edges',
    point: 'Outlines',
    blur: 'Blur',
    clear: 'Empty picture',
    kernels: 'Kernels to choose from',
    strongest: (/** @type {string} */ pixel, /** @type {string} */ value) =>
      `The kernel answers most strongly at ${pixel}: ${value}.`,
    silent: 'The kernel answers nowhere.',
  },
  {
    x: 'あなたの画像',
    y: 'カーネルが見つけたもの',
    W: 'カーネル',
    left: '左の縁',
    top: '上の縁',
    point: '輪郭',
    blur: 'ぼかし',
    clear: '画像を消す',
    kernels: 'カーネルの例',
    strongest: (pixel, value) => `カーネルが最も強く反応するのは ${pixel} で、値は ${value} です。`,
    silent: 'カーネルはどこにも反応しません。',
  },
);

export function startTeaser() {
  const start = PICTURE.trim()
    .split('\n')
    .map((line) => [...line].map((sign) => Number(sign === '#')));
  const [rows, columns] = [start.length, start[0].length];
  let picture = start.map((row) => [...row]);

  const lesson = new Lesson('teaser');
  const row = lesson.row();
  const x = new Tensor(row, {
    name: 'x',
    title: () => text().x,
    pixels: true,
    onChange: (index, value) => {
      picture[Math.floor(index / columns)][index % columns] = value;
      lesson.update();
    },
  });
  const W = lesson.give(signed(row, '∗'), { name: 'W', title: () => text().W, shape: [3, 3], values: KERNELS.left });
  const y = new Tensor(signed(row, '='), { name: 'y', title: () => text().y, pixels: true });
  choices(lesson.stage, (kernel) => {
    if (kernel) /** @type {Float64Array} */ (W.numbers.data).set(KERNELS[kernel]);
    else picture = start.map(() => Array(columns).fill(0));
    lesson.update();
  });
  lesson.start({
    code: CODE,
    outputs: { y: 2 },
    inputs: () => ({ x: picture }),
    reset: () => (picture = start.map((line) => [...line])),
    show(values) {
      x.draw({ shape: [rows, columns], data: picture.flat() });
      W.draw();
      y.draw(values?.y ?? { shape: [rows, columns], data: null });
      if (!values) return;
      const most = Math.max(...values.y.data);
      const pixel = element('y', values.y.data.indexOf(most), values.y.shape);
      lesson.say(most > 0 ? text().strongest(pixel, short(most)) : text().silent);
    },
  });
}

/** @param {HTMLElement} stage @param {(kernel: keyof typeof KERNELS | null) => void} choose  null empties the picture */
function choices(stage, choose) {
  const group = make('div', { className: 'buttons', role: 'group' });
  /** @type {('left' | 'top' | 'point' | 'blur' | 'clear')[]} */
  const names = ['left', 'top', 'point', 'blur', 'clear'];
  for (const name of names) {
    const button = make('button', { type: 'button', id: `kernel-${name}` });
    button.addEventListener('click', () => choose(name === 'clear' ? null : name));
    onLanguage(() => (button.textContent = text()[name]));
    group.append(button);
  }
  onLanguage(() => group.setAttribute('aria-label', text().kernels));
  stage.append(group);
}
