// Checks what the worker of a visitor's program sends: the program itself may have sent it.

import { MOST_BYTES, MOST_FILES } from './folder';
import type { FoundFile, Name, Outcome, Output, Values, Versions } from './protocol';
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

/** What it prints or shows. */
export const outputOf: Shape<Output> = (value) =>
  typeof value === 'string' ? text(value) : SHOWN[kindOf(object(value).kind)](value);

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

/** How it ended. */
export const outcomeOf: Shape<Outcome> = record({
  values: dictionary(either(text, arrayOf)),
  fault: either(nothing, record({ message: label, traceback: text, line: either(nothing, count) })),
});

/** Names that an editor offers. */
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
