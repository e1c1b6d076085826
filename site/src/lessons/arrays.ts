// Arrays of any number of axes, and how sentences and captions write them.

/** Last axis fastest. */
export interface Numbers {
  shape: readonly number[];
  data: ArrayLike<number>;
}

/** The number of elements. */
export const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** The shape as Python writes it. */
export const shapeText = (shape: readonly number[]): string => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;

/** The index of each axis, for a number that counts through all elements. */
export const indices = (index: number, shape: readonly number[]): number[] =>
  shape.map((n, axis) => Math.floor(index / size(shape.slice(axis + 1))) % n);

/** The other way: which element that is. */
export const flat = (place: readonly number[], shape: readonly number[]): number =>
  place.reduce((index, at, axis) => index * shape[axis] + at, 0);

/** Nested lists, as Python takes an array. */
export function nested({ shape, data }: Numbers): unknown {
  const [n, ...inner] = shape;
  if (n === undefined) return data[0];
  return Array.from({ length: n }, (_, i) => nested(partOf({ shape: [n, ...inner], data }, i)));
}

/** One of several, along the first axis. */
export function partOf({ shape: [, ...inner], data }: Numbers, index: number): Numbers {
  const step = size(inner);
  return { shape: inner, data: Array.from(data).slice(index * step, (index + 1) * step) };
}

/** The largest magnitude. */
export function magnitude(data: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(data[i]));
  return largest;
}

const MISSING = '–'; // for a number that the visitor's code does not compute

/** A number in as few characters as show it. */
export function short(value: number | undefined): string {
  if (value === undefined) return MISSING;
  return Number.isInteger(value) ? String(value) : String(Number(value.toFixed(Math.abs(value) < 10 ? 2 : 1)));
}

/** A number with so many decimals. */
export const fixed = (value: number | undefined, decimals: number): string => value?.toFixed(decimals) ?? MISSING;

/**
 * The number that was typed, in full-width digits, with a comma for the point, or with commas, spaces or Python's
 * underscores between thousands; null if it is none.
 */
export function typedNumber(text: string): number | null {
  const plain = text.normalize('NFKC').trim().replace('−', '-');
  const isGrouped = /^-?[1-9]\d{0,2}([, _]\d{3})+(\.\d*)?$/.test(plain);
  const number = Number((isGrouped ? plain.replace(/[, _]/g, '') : plain.replace(',', '.')) || 'none');
  return Number.isFinite(number) ? number : null;
}

/** An element as Python names it: `y[0, 1, 1, 2]`. */
export const element = (name: string, index: number, shape: readonly number[]): string =>
  `${name}[${indices(index, shape).join(', ')}]`;

/** A number among others: a negative one in brackets. */
export const factor = (value: number): string => (value < 0 ? `(${short(value)})` : short(value));

/** `1 × 2 + 3 × (-1) = -1`, from the factors of each product. */
export function sumOfProducts(products: readonly number[][], sum: number): string {
  const terms = products.map((factors) => factors.map(factor).join(' × '));
  const isPlain = products.length === 1 && products[0].length === 1;
  return isPlain ? short(sum) : `${terms.join(' + ')} = ${short(sum)}`;
}

/** The length of a convolution's output along one axis. */
export const outLength = (length: number, kernel: number, stride = 1, pad = 0): number =>
  Math.floor((length + 2 * pad - kernel) / stride) + 1;

/** A picture of 0 and 1 from lines of dots and `#`. */
export const picture = (lines: string): number[][] =>
  lines
    .trim()
    .split('\n')
    .map((line) => [...line].map((sign) => Number(sign === '#')));
