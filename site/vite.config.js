// Builds the site into dist/site, beside the pyodide/ and mnist/ folders that `./build.sh site` puts there first.

import { readdirSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { frame } from './frame.js';

const source = import.meta.dirname;
const output = resolve(source, '../dist/site');
const pages = readdirSync(source).filter((file) => file.endsWith('.html'));

/**
 * `import sizes from 'virtual:asset-sizes'` gives the bytes of each file that the page fetches while it runs.
 *
 * Taken when the site is built, since a Content-Length tells nothing once a host compresses on the way.
 *
 * @returns {import('vite').Plugin}
 */
function assetSizes() {
  const name = 'virtual:asset-sizes';
  return {
    name: 'asset-sizes',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load(id) {
      if (id !== `\0${name}`) return undefined;
      /** @type {Record<string, number>} */
      const sizes = {};
      for (const folder of ['pyodide', 'mnist']) {
        let files;
        try {
          files = readdirSync(resolve(output, folder));
        } catch {
          throw new Error(`dist/site/${folder} is missing: run ./build.sh site, which puts it there first`);
        }
        for (const file of files) sizes[`${folder}/${file}`] = statSync(resolve(output, folder, file)).size;
      }
      return `export default ${JSON.stringify(sizes)};`;
    },
  };
}

/**
 * Removes what the last build left; Vite's own `emptyOutDir` would take pyodide/ and mnist/ along.
 *
 * @returns {import('vite').Plugin}
 */
function cleanAssets() {
  return {
    name: 'clean-assets',
    buildStart: () => rmSync(resolve(output, 'assets'), { recursive: true, force: true }),
  };
}

export default defineConfig({
  root: source,
  base: './', // any sub-path will do
  appType: 'mpa', // a missing file is a 404, not the page
  publicDir: false,
  plugins: [assetSizes(), cleanAssets(), frame()],
  worker: { format: 'es', plugins: () => [assetSizes()] },
  build: {
    outDir: output,
    emptyOutDir: false,
    target: 'es2023',
    rolldownOptions: { input: pages.map((page) => resolve(source, page)) },
  },
});
