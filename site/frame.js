// `import address from 'virtual:frame'` gives the address of src/play/frame.html with the one script that it runs.

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
      if (!isBuild) return "export default '';"; // what is prerendered shows nothing yet
      const script = read('frame.js');
      const html = read('frame.html')
        .replace('SCRIPT', `'sha256-${sha256(script, 'base64')}'`)
        .replace('<script></script>', () => `<script>${script}</script>`);
      const reference = this.emitFile({ type: 'asset', name: 'frame.html', source: html });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}
