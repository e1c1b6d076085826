// Where a kernel lies that slides over an input: see Sliding.svelte.

import { flat, indices, outLength, size } from './arrays';
import type { Figure } from './figure.svelte';
import type { Knobs } from './plan';

const AXES = ['d', 'i', 'j']; // of an output, in Python

/** The knobs that say which output is pointed at. */
export const axesOf = (shape: readonly number[]): string[] => AXES.slice(-shape.length);

const ofAxes = (axes: readonly string[], [down, right]: number[], depth: number) =>
  [depth, down, right].slice(-axes.length);

export const strideOf = ({ SH = 1, SW = 1 }: Knobs, axes: readonly string[]): number[] => ofAxes(axes, [SH, SW], 1);

export const padOf = ({ PH = 0, PW = 0 }: Knobs, axes: readonly string[]): number[] => ofAxes(axes, [PH, PW], 0);

/** The shape of the output for knobs that may be others than the figure's. */
function outShapeOf(x: readonly number[], W: readonly number[], knobs: Knobs): number[] {
  const axes = axesOf(x);
  const [stride, pad] = [strideOf(knobs, axes), padOf(knobs, axes)];
  return x.map((n, axis) => outLength(n, W[axis], stride[axis], pad[axis]));
}

export const outShape = ({ given, knobs }: Figure): number[] => outShapeOf(given.x.shape, given.W.shape, knobs);

/** A plan's `settle`: keeps the output that is pointed at within the output. */
export const within =
  (x: readonly number[], W: readonly number[]) =>
  (knobs: Knobs): void => {
    const shape = outShapeOf(x, W, knobs);
    axesOf(x).forEach((name, axis) => {
      knobs[name] = Math.max(0, Math.min(knobs[name], shape[axis] - 1));
    });
  };

/** The knobs that point at an output. */
export function moved(figure: Figure, index: number): Knobs {
  const shape = outShape(figure);
  return Object.fromEntries(axesOf(shape).map((name, axis) => [name, indices(index, shape)[axis]]));
}

/** The output that is pointed at, among all. */
export const target = (figure: Figure): number => {
  const shape = outShape(figure);
  return flat(
    axesOf(shape).map((name) => figure.knobs[name]),
    shape,
  );
};

/** `y[0, 1]`, the output that is pointed at. */
export const pixel = ({ given, knobs }: Figure): string =>
  `y[${axesOf(given.x.shape)
    .map((name) => knobs[name])
    .join(', ')}]`;

/** Moves the kernel on; false from the last output to the first. */
export function step(figure: Figure): boolean {
  const next = (target(figure) + 1) % size(outShape(figure));
  figure.point(moved(figure, next));
  return next !== 0;
}
