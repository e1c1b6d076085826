// What comes of a visitor's program, and the checks of what its worker sends: the program itself may have sent it.

import { type FoundFile, MOST_BYTES, MOST_FILES } from './folder';
import type { Versions } from './protocol';
import {
  bytes,
  count,
  dictionary,
  either,
  factor,
  label,
  list,
  nothing,
  numbers,
  object,
  oneOf,
  record,
  type Shape,
  text,
  told,
} from './shapes';

export interface Image {
  kind: 'image';
  /** A MIME type. */
  type: string;
  /** The file. */
  data: Uint8Array<ArrayBuffer>;
  /** The one for a dark page. */
  dark: Uint8Array<ArrayBuffer> | null;
  /** What it shows. */
  alt: string;
  /** How many of its pixels make one of the page's. */
  scale: number;
}

export interface Graph {
  kind: 'graph';
  /** In Graphviz's language. */
  dot: string;
}

export interface Html {
  kind: 'html';
  /** Not to be trusted. */
  html: string;
}

/** Of a program: text that it prints, or a thing that it shows. */
export type Output = string | Image | Graph | Html;

const picture = bytes(32 * 2 ** 20); // as in showing.py

const SHOWN = {
  image: record({
    kind: oneOf(['image']),
    type: oneOf(['image/svg+xml', 'image/png', 'image/jpeg']),
    data: picture,
    dark: either(nothing, picture),
    alt: label,
    scale: factor,
  }),
  graph: record({ kind: oneOf(['graph']), dot: text }),
  html: record({ kind: oneOf(['html']), html: text }),
};

const kindOf = oneOf(Object.keys(SHOWN) as (keyof typeof SHOWN)[]);

export const outputOf: Shape<Output> = (value) =>
  typeof value === 'string' ? text(value) : SHOWN[kindOf(object(value).kind)](value);

/** Numbers of one array, last axis fastest. */
export interface Values {
  shape: number[];
  data: Float64Array<ArrayBuffer>;
}

const array = record({ shape: list(count), data: numbers });

/** Of an array with more, only the shape is told: no figure draws it. */
export const MOST_NUMBERS = 4096;

/** An array with as many numbers as its shape says. */
function arrayOf(value: unknown): Values {
  const { shape, data } = array(value);
  const size = shape.reduce((size, length) => size * length, 1);
  oneOf([String(size > MOST_NUMBERS ? 0 : size)])(String(data.length));
  return { shape, data };
}

/** An exception of the visitor's program. */
interface ProgramFault {
  /** `ValueError: ...` */
  message: string;
  /** Of the program's own lines. */
  traceback: string;
  /** Of the program, from 1, where it happened. */
  line: number | null;
}

/** How a program ended. */
export interface Outcome {
  /** The outputs; arrays and numbers as Values, others as text. */
  values: Record<string, Values | string>;
  fault: ProgramFault | null;
}

export const outcomeOf: Shape<Outcome> = record({
  values: dictionary(either(text, arrayOf)),
  fault: either(nothing, record({ message: label, traceback: text, line: either(nothing, count) })),
});

/** That may stand where somebody types. */
export interface Name {
  label: string;
  type: 'function' | 'class' | 'module' | 'property' | 'variable';
  /** The signature. */
  detail: string;
  /** First line of the documentation. */
  info: string;
}

export const namesOf: Shape<Name[]> = list(
  record({
    label,
    type: oneOf(['function', 'class', 'module', 'property', 'variable']),
    detail: label,
    info: label,
  }),
);

/** Files of the folder where a program runs. */
export const filesOf: Shape<FoundFile[]> = (value) => {
  const files = list(record({ path: label, size: count }), MOST_FILES)(value);
  oneOf([String(files.length)])(String(new Set(files.map(({ path }) => path)).size)); // none is there twice
  return files;
};

/** The bytes of such a file. */
export const contentOf: Shape<Uint8Array<ArrayBuffer> | null> = either(nothing, bytes(MOST_BYTES));

export const versionsOf: Shape<Versions> = record({
  pyodide: label,
  python: label,
  numpy: label,
  pyconvlite: label,
  kernels: told,
});
