// The size of an output along one axis: its sentences.

import { texts } from '../../app/language.svelte';
import type { Knobs } from '../plan';

/** The knobs' names, and the output's. */
export interface Axis {
  input: string;
  kernel: string;
  stride: string;
  pad: string;
  output: 'OH' | 'OW';
  unit: 'rows' | 'columns';
}

export const AXES: Axis[] = [
  { input: 'H', kernel: 'KH', stride: 'SH', pad: 'PH', output: 'OH', unit: 'rows' },
  { input: 'W', kernel: 'KW', stride: 'SW', pad: 'PW', output: 'OW', unit: 'columns' },
];

const text = texts(
  {
    rows: 'rows',
    columns: 'columns',
    whole: (name: string, value: number) => `${name} = ${value}: sizes are whole numbers.`,
    least: (name: string, value: number, least: number) => `${name} = ${value}: it must be at least ${least}.`,
    still: (name: string, value: number) => `${name} = ${value}: with a stride below 1 the kernel never moves on.`,
    large: (unit: string, k: number, padded: string, n: number, p: number) =>
      `Impossible: the kernel has ${k} ${unit}, the padded input has ${padded}, so the kernel fits nowhere. ` +
      `Use a smaller kernel, an input of at least ${n}, or a padding of at least ${p}.`,
    places: (count: number, unit: string) => `The kernel starts on ${count} of the ${unit}.`,
    none: 'Nothing is left over.',
    skipped: (stride: number, unit: string, gap: number) =>
      `Each step moves on by ${stride} ${unit}, and the kernel skips ${gap} of them: no output sees ${gap === 1 ? 'it' : 'them'}.`,
    left: (rest: number, unit: string, onlyPad: boolean) =>
      `${rest === 1 ? `The last of the ${unit} is` : `The last ${rest} ${unit} are`} left over: one more stride would go ` +
      `over the edge, so no output sees ${rest === 1 ? 'it' : 'them'}${onlyPad ? '; it is padding only.' : '.'}`,
    drawing: (unit: string) => `The ${unit} of the padded input, and below them the positions of the kernel`,
  },
  {
    rows: '行',
    columns: '列',
    whole: (name, value) => `${name} = ${value}: 大きさは整数でなければなりません。`,
    least: (name, value, least) => `${name} = ${value}: ${least} 以上でなければなりません。`,
    still: (name, value) => `${name} = ${value}: ストライドが 1 未満では、カーネルが先へ進みません。`,
    large: (unit, k, padded, n, p) =>
      `計算できません。カーネルは ${k} ${unit}、パディング後の入力は ${padded} ${unit}なので、カーネルの収まる場所がありません。` +
      `カーネルを小さくするか、入力を ${n} 以上に、またはパディングを ${p} 以上にしてください。`,
    places: (count, unit) => `カーネルを置き始められる${unit}は ${count} か所あります。`,
    none: '余りはありません。',
    skipped: (stride, unit, gap) =>
      `一歩で進む ${stride} ${unit}のうち ${gap} ${unit}は飛ばされ、どの出力からも見られません。`,
    left: (rest, unit, onlyPad) =>
      `最後の ${rest} ${unit}は余ります。もう一歩進むとカーネルがはみ出すため、どの出力からも見られません` +
      (onlyPad ? '(余るのはパディングだけです)。' : '。'),
    drawing: (unit) => `パディング後の入力の${unit}と、その下にカーネルの置かれる位置を示した図`,
  },
);

/** What is drawn, for screen readers. */
export const drawingOf = ({ unit }: Axis): string => text().drawing(text()[unit]);

/** Input, kernel, stride, padding. */
export const sizesOf = ({ input, kernel, stride, pad }: Axis, knobs: Knobs): [number, number, number, number] => [
  knobs[input],
  knobs[kernel],
  knobs[stride],
  knobs[pad],
];

/** Why there is no output; null where there is one. */
export function obstacle(axis: Axis, knobs: Knobs): string | null {
  const { input, kernel, stride, pad, unit } = axis;
  const [n, k, s, p] = sizesOf(axis, knobs);
  for (const name of [input, kernel, stride, pad])
    if (!Number.isInteger(knobs[name])) return text().whole(name, knobs[name]);
  if (s < 1) return text().still(stride, s);
  const least = Object.entries({ [input]: 0, [kernel]: 1, [pad]: 0 }).find(([name, value]) => knobs[name] < value);
  if (least) return text().least(least[0], knobs[least[0]], least[1]);
  if (k <= n + 2 * p) return null;
  const padded = p ? `${n} + 2·${p} = ${n + 2 * p}` : String(n);
  return text().large(text()[unit], k, padded, k - 2 * p, Math.ceil((k - n) / 2));
}

export function outcome(axis: Axis, knobs: Knobs, size: number): string {
  const [n, k, s, p] = sizesOf(axis, knobs);
  const unit = text()[axis.unit];
  const rest = n + 2 * p - k - (size - 1) * s;
  const skipped = s > k && size > 1 ? [text().skipped(s, unit, s - k)] : [];
  const left = rest ? [text().left(rest, unit, rest <= p)] : skipped.length ? [] : [text().none];
  return [text().places(size, unit), ...skipped, ...left].join('\n');
}
