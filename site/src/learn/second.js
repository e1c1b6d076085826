// The gradient of a gradient, and the same measured: how steep is the squared length of gx as one weight moves a little?

import { texts } from '../language.js';
import { make } from '../views/dom.js';
import { svg } from '../views/svg.js';
import { Lesson } from './lesson.js';
import { Tensor } from './tensor.js';

const CODE = `import numpy as np
import pyconvlite.functions as F
from pyconvlite import Variable, grad

image, W = Variable(x), Variable(W)

def gradient(W):
    loss = F.sum(F.conv2d(image, W) ** 2)
    gx, = grad(loss, image, create_graph=True)
    return gx

def length(W):  # of that gradient, squared
    return F.sum(gradient(W) ** 2)

gx = gradient(W)
gW, = grad(length(W), W)  # the second order

def measured(h):  # without any backward of W
    slopes = np.zeros(W.shape)
    for i in np.ndindex(W.shape):
        e = np.zeros(W.shape)
        e[i] = h
        rise = length(W + e) - length(W - e)
        slopes[i] = rise.data / (2 * h)
    return slopes

def error(h):
    return np.abs(gW.data - measured(h)).max()

numeric = measured(0.1**digits)
errors = [error(0.1**k) for k in range(1, 13)]`;

const text = texts(
  {
    x: 'Image',
    W: 'Kernel',
    gx: 'Gradient of the loss',
    gW: 'Gradient of its squared length',
    numeric: 'The same, measured',
    differ: (/** @type {string} */ h, /** @type {string} */ error) =>
      `With h = ${h}, backward and measurement differ by at most ${error}.`,
    best: (/** @type {string} */ h, /** @type {string} */ error) => `The best step is ${h}: ${error}.`,
    h: 'step h',
    error: 'difference',
  },
  {
    x: '画像',
    W: 'カーネル',
    gx: '損失の勾配',
    gW: '勾配の長さの2乗の勾配',
    numeric: '数値微分での値',
    differ: (h, error) => `h = ${h} のとき、逆伝播と数値微分の差は最大 ${error} です。`,
    best: (h, error) => `最も差が小さいのは h = ${h} のときで、${error} です。`,
    h: '刻み幅 h',
    error: '差',
  },
);

const power = (/** @type {number} */ digits) => `1e-${digits}`;

export function startSecond() {
  const lesson = new Lesson('second');
  const line = lesson.row();
  const pixels = [1, 0, 2, 1, 0, 1, 1, -1, 2, 1, 0, 0, 1, -1, 1, 2];
  const x = lesson.give(line, { name: 'x', title: () => text().x, shape: [1, 1, 4, 4], values: pixels });
  const W = lesson.give(line, { name: 'W', title: () => text().W, shape: [1, 1, 2, 2], values: [1, -1, 0.5, 2] });
  const gx = new Tensor(line, { name: 'gx', title: () => text().gx, first: [1, 1, 4, 4] });
  const second = lesson.row();
  const gW = new Tensor(second, { name: 'gW', title: () => text().gW, first: [1, 1, 2, 2] });
  const numeric = new Tensor(second, { name: 'numeric', title: () => text().numeric, first: [1, 1, 2, 2] });
  const chart = make('figure', { className: 'errors' });
  second.append(chart);

  lesson.start({
    code: CODE,
    outputs: { gx: 4, gW: 4, numeric: 4, errors: 1 },
    show(values) {
      x.draw();
      W.draw();
      if (!values) return;
      gx.draw(values.gx);
      gW.draw(values.gW);
      numeric.draw(values.numeric);
      const { digits } = lesson.knobs();
      const errors = Array.from(values.errors.data);
      const difference = Math.max(
        ...Array.from(values.gW.data, (value, i) => Math.abs(value - values.numeric.data[i])),
      );
      const least = errors.indexOf(Math.min(...errors));
      const best = text().best(power(least + 1), errors[least].toExponential(1));
      lesson.say(`${text().differ(power(digits), difference.toExponential(1))}\n${best}`);
      chart.replaceChildren(errorChart(errors, digits, best));
    },
  });
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [340, 220, 46, 40, 16];

/**
 * The differences over the steps, both axes by powers of ten.
 *
 * @param {number[]} errors  for steps of 0.1, 0.01 and so on
 * @param {number} digits  of the step in use
 * @param {string} label  what can be seen on it
 */
function errorChart(errors, digits, label) {
  const logs = errors.map((error) => Math.log10(Math.max(error, 1e-16)));
  const [low, high] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  const across = (/** @type {number} */ k) => LEFT + ((k - 1) / (errors.length - 1)) * (WIDTH - LEFT - 12);
  const up = (/** @type {number} */ log) => TOP + ((high - log) / Math.max(1, high - low)) * (HEIGHT - TOP - BOTTOM);
  const chart = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label });
  const words = (
    /** @type {string} */ textContent,
    /** @type {number} */ x,
    /** @type {number} */ y,
    anchor = 'middle',
  ) => chart.append(Object.assign(svg('text', { x, y, 'text-anchor': anchor }), { textContent }));
  for (let log = low; log <= high; log += Math.max(1, Math.round((high - low) / 5))) {
    chart.append(svg('line', { class: 'rule', x1: LEFT, x2: WIDTH, y1: up(log), y2: up(log) }));
    words(`1e${log}`, LEFT - 6, up(log) + 4, 'end');
  }
  for (let k = 1; k <= errors.length; k += 3) words(power(k), across(k), HEIGHT - BOTTOM + 18);
  words(text().h, (LEFT + WIDTH) / 2, HEIGHT - 4);
  words(text().error, 0, TOP - 5, 'start');
  const path = logs.map((log, i) => `${i ? 'L' : 'M'}${across(i + 1)} ${up(log)}`).join('');
  chart.append(svg('path', { class: 'curve', d: path }));
  logs.forEach((log, i) => {
    const inUse = i + 1 === digits;
    chart.append(svg('circle', { class: inUse ? 'used' : '', cx: across(i + 1), cy: up(log), r: inUse ? 6 : 3 }));
  });
  return chart;
}
