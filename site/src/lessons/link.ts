// The numbers of the figures in the page's link, as far as they are not those that they have at first:
// `?sum.x=1_2_3_4&padding.PH=2`.

import { inAddress, numberOf, put } from '../app/link';
import { type Numbers, size } from './arrays';
import { type Given, type Knob, type Knobs, knobsOf, numbersOf, type Plan } from './plan';

interface State {
  knobs: Knobs;
  given: Record<string, Numbers>;
}

/** What is set by pointing has no step and no limits: it is a place, from 0 on. */
const knobIn =
  ({ value, step, min = step === undefined ? 0 : -Infinity, max = Infinity }: Knob) =>
  (text: string): number | null => {
    const wanted = numberOf(text);
    const every = step ?? (Number.isInteger(value) ? 1 : 'any');
    const steps = every === 'any' ? 0 : (wanted - value) / every;
    const isStep = every === 1 ? Number.isInteger(wanted) : Math.abs(steps - Math.round(steps)) < 1e-6;
    return Number.isFinite(wanted) && wanted >= min && wanted <= max && isStep ? wanted : null;
  };

const numbersIn =
  (shape: readonly number[]) =>
  (text: string): Numbers | null => {
    const wanted = text.split('_').map(numberOf);
    return wanted.length === size(shape) && wanted.every(Number.isFinite)
      ? { shape, data: Float64Array.from(wanted) }
      : null;
  };

/** What the link says of a figure; where it says nothing, or nonsense, what the figure has at first. */
export function readLink(id: string, { knobs = {}, given = {} }: Plan): State {
  const turned = Object.fromEntries(
    Object.entries(knobs).map(([name, knob]) => [name, inAddress(`${id}.${name}`, knobIn(knob)) ?? knob.value]),
  );
  return {
    knobs: turned,
    given: Object.fromEntries(
      Object.entries(given).map(([name, each]) => {
        const first = numbersOf(each, turned);
        return [name, inAddress(`${id}.${name}`, numbersIn(first.shape)) ?? first];
      }),
    ),
  };
}

/** Puts what a figure has now into the link, a moment later. */
export function writeLink(id: string, plan: Plan, { knobs, given }: State): void {
  const first = knobsOf(plan);
  const parts: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(knobs))
    parts[`${id}.${name}`] = value === first[name] ? null : String(value);
  for (const [name, numbers] of Object.entries(given)) {
    const text = Array.from(numbers.data).join('_');
    const isFirst = text === Array.from(numbersOf(plan.given?.[name] as Given, knobs).data).join('_');
    parts[`${id}.${name}`] = isFirst ? null : text;
  }
  put(parts);
}
