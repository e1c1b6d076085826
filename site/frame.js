// `import address, { content } from 'virtual:frame'` gives the address of src/play/frame.html, whose policy allows one script,
// and the HTML document with this script that frame.html shows.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { sourceHash } from './hash.js';
import { virtual } from './virtual.js';

/**
 * @param {string} source  the site's folder
 * @returns {import('vite').Plugin}
 */
export function frame(source) {
  const read = (/** @type {string} */ name) => readFileSync(resolve(source, 'src/play', name), 'utf8');
  let isBuild = false;
  const plugin = virtual('frame', function () {
    const script = read('shown.js');
    const content = read('shown.html').replace('<script></script>', () => `<script>${script}</script>`);
    const told = `export const content = ${JSON.stringify(content)};`;
    if (!isBuild) return `export default ''; ${told}`; // what is prerendered shows nothing yet
    const reference = this.emitFile({
      type: 'asset',
      name: 'frame.html',
      source: read('frame.html').replace('SCRIPT', sourceHash(script)),
    });
    return `export default import.meta.ROLLUP_FILE_URL_${reference}; ${told}`;
  });
  return {
    ...plugin,
    configResolved({ command }) {
      isBuild = command === 'build';
    },
  };
}
