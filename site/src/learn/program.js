// A figure's lines as a program that stands by itself: first the numbers that they find, last what they computed.

const NUMPY = 'import numpy as np\n';

/**
 * @param {Record<string, unknown>} inputs  numbers and nested lists of numbers
 * @param {string} code
 * @param {readonly string[]} outputs  names of variables
 */
export function programOf(inputs, code, outputs) {
  const given = Object.entries(inputs).map(([name, value]) =>
    Array.isArray(value) ? array(`${name} = np.array(`, value) : `${name} = ${value}`,
  );
  const hasArrays = Object.values(inputs).some(Array.isArray);
  const prints = outputs.map((name) => `print("${name} =", ${name}, sep="\\n")`);
  const head = hasArrays ? [NUMPY, ...given] : given;
  const lines = hasArrays && code.startsWith(NUMPY) ? code.slice(NUMPY.length) : code;
  return [...head, '', lines.trim(), '', ...prints, ''].join('\n').trimStart();
}

/** An array as NumPy prints it: a line for each row. @param {string} start  of its line @param {unknown[]} values */
function array(start, values) {
  const rows = (/** @type {unknown[]} */ part, /** @type {string} */ indent) => {
    /** @type {string[]} */
    const items = part.map((item) => (Array.isArray(item) ? rows(item, `${indent} `) : String(item)));
    return `[${items.join(Array.isArray(part[0]) ? `,\n${indent} ` : ', ')}]`;
  };
  return `${start}${rows(values, ' '.repeat(start.length))}, dtype=float)`;
}
