// Builds service-worker.js, with which the site works without a network: once the pages are built, since it has to know
// what is in each of their files.

import { readdirSync, readFileSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { build } from 'vite';
import { sha256 } from './hash.js';
import { virtual } from './virtual.js';

/**
 * @param {object} options
 * @param {string} options.source  the service worker
 * @param {string} options.output  the folder of the site
 * @param {() => import('vite').Plugin[]} options.plugins  that its imports need
 * @returns {import('vite').Plugin}
 */
export function offline({ source, output, plugins }) {
  return {
    name: 'offline',
    apply: 'build',
    async closeBundle(error) {
      if (error) return; // there are no pages
      await build({
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        plugins: [...plugins(), siteFiles(output)],
        build: {
          outDir: output,
          emptyOutDir: false,
          target: 'es2023',
          rolldownOptions: {
            input: source,
            output: { format: 'iife', entryFileNames: 'service-worker.js' }, // a classic script: some browsers run no module as a service worker
          },
        },
      });
    },
  };
}

/**
 * `import { own, large } from 'virtual:site-files'` lists what is in the site, notebooks left out.
 *
 * @param {string} output
 * @returns {import('vite').Plugin}
 */
const siteFiles = (output) =>
  virtual('site-files', () => {
    const own = [...readdirSync(output).filter((file) => file.endsWith('.html')), ...inFolder(output, 'assets')];
    const large = ['pyodide', 'mnist', 'weights', 'docs'].flatMap((folder) => inFolder(output, folder));
    return [
      `export const own = ${JSON.stringify(own.map((url) => entry(output, url)))};`,
      `export const large = ${JSON.stringify(Object.fromEntries(large.map((path) => [path, hashes(output, path)])))};`,
    ].join('\n');
  });

/** @param {string} output @param {string} folder */
const inFolder = (output, folder) =>
  readdirSync(resolve(output, folder), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => relative(output, resolve(file.parentPath, file.name)).replaceAll(sep, '/'))
    .sort();

/** A file as Workbox lists it; what has a hash in its name never changes. @param {string} output @param {string} url */
function entry(output, url) {
  const bytes = readFileSync(resolve(output, url));
  const revision = url.startsWith('assets/') ? null : sha256(bytes, 'hex').slice(0, 20);
  return { url, revision, integrity: `sha256-${sha256(bytes, 'base64')}` };
}

/** What a file's bytes hash to, also when the host has undone its gzip. @param {string} output @param {string} path */
function hashes(output, path) {
  const bytes = readFileSync(resolve(output, path));
  return [bytes, ...(path.endsWith('.gz') ? [gunzipSync(bytes)] : [])].map((each) => sha256(each, 'hex'));
}
