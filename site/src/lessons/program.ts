// A figure's lines as a program that stands by itself: first what they find, last what they computed.

const NUMPY = 'import numpy as np\n';

/**
 * @param inputs  numbers and nested lists of numbers
 * @param before  lines ahead of all
 */
export function programOf(
  inputs: Record<string, unknown>,
  code: string,
  outputs: readonly string[],
  before = '',
): string {
  const given = Object.entries(inputs).map(([name, value]) =>
    Array.isArray(value) ? array(`${name} = np.array(`, value) : `${name} = ${value}`,
  );
  const hasArrays = Object.values(inputs).some(Array.isArray);
  const prints = outputs.map((name) => `print("${name} =", ${name}, sep="\\n")`);
  const head = [before.trim(), '', ...(hasArrays ? [NUMPY, ...given] : given)];
  const lines = hasArrays && code.startsWith(NUMPY) ? code.slice(NUMPY.length) : code;
  return [...head, '', lines.trim(), '', ...prints, ''].join('\n').trimStart();
}

/** An array as NumPy prints it: a line for each row. @param start  of its line */
function array(start: string, values: unknown[]): string {
  const rows = (part: unknown[], indent: string): string => {
    const items = part.map((item) => (Array.isArray(item) ? rows(item, `${indent} `) : String(item)));
    return `[${items.join(Array.isArray(part[0]) ? `,\n${indent} ` : ', ')}]`;
  };
  return `${start}${rows(values, ' '.repeat(start.length))}, dtype=float)`;
}
