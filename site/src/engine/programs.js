// What a program's worker tells, checked: the program may have written it itself.

import {
  bytes,
  dictionary,
  either,
  list,
  nothing,
  number,
  numbers,
  object,
  oneOf,
  record,
  text,
  told,
} from './shapes.js';

/**
 * @typedef {import('./runner.worker.js').Output} Output
 * @typedef {import('./runner.worker.js').Values} Values
 * @typedef {import('./shapes.js').Shape<Output>} OutputShape
 */

const SHOWN = {
  image: record({
    kind: oneOf(['image']),
    type: oneOf(['image/svg+xml', 'image/png', 'image/jpeg']),
    data: bytes,
    alt: text,
    scale: number,
  }),
  graph: record({ kind: oneOf(['graph']), dot: text }),
  html: record({ kind: oneOf(['html']), html: text }),
};

const kindOf = oneOf(/** @type {(keyof typeof SHOWN)[]} */ (Object.keys(SHOWN)));

/** What it prints or shows. @type {OutputShape} */
export const outputOf = (value) => (typeof value === 'string' ? value : SHOWN[kindOf(object(value).kind)](value));

const array = record({ shape: list(number), data: numbers });

/** An array with as many numbers as its shape says. @param {unknown} value @returns {Values} */
function arrayOf(value) {
  const { shape, data } = array(value);
  oneOf([String(data.length)])(String(shape.reduce((size, length) => size * length, 1)));
  return { shape, data };
}

/** How it ended. @type {import('./shapes.js').Shape<import('./runner.worker.js').Outcome>} */
export const outcomeOf = record({
  values: dictionary(either(text, arrayOf)),
  fault: either(nothing, record({ message: text, traceback: text, line: either(nothing, number) })),
});

/** Names that an editor offers. @type {import('./shapes.js').Shape<import('./runner.worker.js').Name[]>} */
export const namesOf = list(
  record({
    label: text,
    type: oneOf(['function', 'class', 'module', 'property', 'variable']),
    detail: text,
    info: text,
  }),
);

/** @type {import('./shapes.js').Shape<import('./python.js').Versions>} */
export const versionsOf = record({ pyodide: text, python: text, numpy: text, pyconvlite: text, kernels: told });
