// `import address, { content } from 'virtual:frame'` gives the address of src/play/frame.html, whose policy allows one script,
// and the document with that script which stands in it.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { sha256 } from './offline.js';

const NAME = 'virtual:frame';

/**
 * @param {string} source  the site's folder
 * @returns {import('vite').Plugin}
 */
export function frame(source) {
  const read = (/** @type {string} */ name) => readFileSync(resolve(source, 'src/play', name), 'utf8');
  let isBuild = false;
  return {
    name: 'frame',
    configResolved({ command }) {
      isBuild = command === 'build';
    },
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load(id) {
      if (id !== `\0${NAME}`) return undefined;
      const script = read('shown.js');
      const content = read('shown.html').replace('<script></script>', () => `<script>${script}</script>`);
      const told = `export const content = ${JSON.stringify(content)};`;
      if (!isBuild) return `export default ''; ${told}`; // what is prerendered shows nothing yet
      const source = read('frame.html').replace('SCRIPT', `'sha256-${sha256(script, 'base64')}'`);
      const reference = this.emitFile({ type: 'asset', name: 'frame.html', source });
      return `export default import.meta.ROLLUP_FILE_URL_${reference}; ${told}`;
    },
  };
}
