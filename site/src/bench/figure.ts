import { count } from '../app/numbers';

/** Three digits, as far as a measure is good for. */
export const figure = (value: number): string => (value >= 100 ? count(Math.round(value)) : value.toPrecision(3));
