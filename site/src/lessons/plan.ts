// What a figure is: the numbers that a visitor changes, and the Python that computes the rest.
//
// The plans of a lesson stand in its figures.ts. `import first from './figures.ts?first'` gives what their Python sets of
// the numbers that they have at first, computed when the site is built: no figure is blank while Python loads.

import { type Numbers, nested, size } from './arrays';

export type Knobs = Record<string, number>;

export interface Knob {
  value: number;
  /** Of what a visitor turns by a field; others are set by pointing. */
  min?: number;
  max?: number;
  step?: number | 'any';
  /** Turning it leaves all shapes as they are: what was computed stays until the answer is there. */
  keepsShapes?: boolean;
  /** It chooses what is looked at of what was computed: the code does not find it. */
  isView?: boolean;
}

export interface Given {
  /** As it is, or as the knobs have it. */
  shape: readonly number[] | ((knobs: Knobs) => readonly number[]);
  /** They repeat where the shape has more. */
  values: readonly number[];
}

export interface Plan {
  /** It finds the given arrays and the knobs as variables. */
  code: string;
  /**
   * Python ahead of it, which runs once for all figures of the page that have the same, as the training of a network:
   * the code finds what it sets. It finds no knobs itself.
   */
  before?: string;
  given?: Record<string, Given>;
  knobs?: Record<string, Knob>;
  /** The variables that the code must set, each with its number of axes. */
  outputs: Record<string, number | 'text'>;
  /** Puts right what no longer fits after a knob was turned, as an index beyond the end. */
  settle?: (knobs: Knobs) => void;
}

/** What a plan's code sets. */
export type Outputs<P extends Plan> = { [K in keyof P['outputs']]: P['outputs'][K] extends 'text' ? string : Numbers };

/** The plan itself, with the names that it has for the type checker. */
export const plan = <P extends Plan>(given: P): P => given;

export const knobsOf = ({ knobs = {} }: Plan): Knobs =>
  Object.fromEntries(Object.entries(knobs).map(([name, { value }]) => [name, value]));

/** Those that the code finds. */
export const computing = ({ knobs: all = {} }: Plan, knobs: Knobs): Knobs =>
  Object.fromEntries(Object.entries(knobs).filter(([name]) => !all[name].isView));

export function numbersOf({ shape, values }: Given, knobs: Knobs): Numbers {
  const axes = typeof shape === 'function' ? shape(knobs) : shape;
  return { shape: axes, data: Float64Array.from({ length: size(axes) }, (_, index) => values[index % values.length]) };
}

/** The variables that the code finds at first. */
export function inputsOf(plan: Plan): Record<string, unknown> {
  const knobs = knobsOf(plan);
  const given = Object.entries(plan.given ?? {}).map(([name, each]) => [name, nested(numbersOf(each, knobs))]);
  return { ...Object.fromEntries(given), ...computing(plan, knobs) };
}
