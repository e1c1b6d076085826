// Builds the site into dist/site, beside the folders pyodide/, mnist/ and weights/ that `./build.sh site` puts there first.

import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { firstDigits } from './first-digits.js';
import { frame } from './frame.js';
import { sha256 } from './hash.js';
import { headers } from './headers.js';
import { notFound } from './not-found.js';
import { offline } from './offline.js';
import { components, inputs, pages } from './pages.js';
import { ISOLATION } from './src/isolation-headers.js';
import { virtual } from './virtual.js';

const source = import.meta.dirname;
const output = resolve(source, '../dist/site');

/**
 * `import sizes, { coreHash, wheels } from 'virtual:asset-sizes'` gives the bytes of each file that a page fetches while
 * it runs, SHA-256 of Pyodide's core, and for each package of the Pyodide folder its wheel and those that it needs.
 *
 * Taken when the site is built, since a Content-Length tells nothing once a host compresses on the way.
 *
 * @returns {import('vite').Plugin}
 */
const assetSizes = () =>
  virtual('asset-sizes', () => {
    /** @type {Record<string, number>} */
    const sizes = {};
    for (const folder of ['pyodide', 'mnist', 'weights']) {
      let files;
      try {
        files = readdirSync(resolve(output, folder));
      } catch {
        throw new Error(`dist/site/${folder} is missing: run ./build.sh site, which puts it there first`);
      }
      for (const file of files) sizes[`${folder}/${file}`] = statSync(resolve(output, folder, file)).size;
    }
    const wheels = wheelsByPackage(resolve(output, 'pyodide/pyodide-lock.json'));
    const core = sha256(readFileSync(resolve(output, 'pyodide/pyodide.asm.wasm')), 'hex');
    return [
      `export default ${JSON.stringify(sizes)};`,
      `export const wheels = ${JSON.stringify(wheels)};`,
      `export const coreHash = '${core}';`,
    ].join('\n');
  });

/**
 * What `loadPackage` fetches for each package.
 *
 * @param {string} lock  a file pyodide-lock.json
 */
function wheelsByPackage(lock) {
  /** @type {Record<string, {file_name: string, depends: string[]}>} */
  const packages = JSON.parse(readFileSync(lock, 'utf8')).packages;
  /** @type {Record<string, string[]>} */
  const wheels = {};
  for (const name of Object.keys(packages)) {
    const needed = new Set([name]);
    for (const each of needed) for (const need of packages[each].depends) needed.add(need); // a Set shows what joins it
    wheels[name] = [...needed].map((each) => `pyodide/${packages[each].file_name}`);
  }
  return wheels;
}

/**
 * `import { open, threads } from 'virtual:bridge'` gives the values of the expressions in the WebGPU backend's bridge.js and
 * the SIMD backend's threads.js: the workers' policy forbids eval.
 *
 * @returns {import('vite').Plugin}
 */
function bridge() {
  const backends = resolve(source, '../pyconvlite/backends');
  const script = (/** @type {string} */ path) => readFileSync(resolve(backends, path), 'utf8');
  return virtual(
    'bridge',
    () => `export const open = ${script('webgpu/bridge.js')}\nexport const threads = ${script('simd/threads.js')}`,
  );
}

/**
 * Has uPlot, whose axes the page labels itself, not ask Intl for the browser's language: WebKitGTK under LANG=C names one
 * that Intl refuses with an error.
 *
 * @returns {import('vite').Plugin}
 */
function plainNumbers() {
  const asked = "domEnv ? nav.language : 'en-US'";
  return {
    name: 'plain-numbers',
    transform(code, id) {
      if (!id.includes('uPlot.esm')) return undefined;
      if (!code.includes(asked)) throw new Error(`uPlot asks for its language otherwise than by ${asked}`);
      return { code: code.replace(asked, "'en-US'"), map: null };
    },
  };
}

/**
 * Removes what the last build left; Vite's own `emptyOutDir` would take pyodide/ and the others along.
 *
 * @returns {import('vite').Plugin}
 */
function cleanAssets() {
  return {
    name: 'clean-assets',
    buildStart: () => rmSync(resolve(output, 'assets'), { recursive: true, force: true }),
  };
}

/**
 * Leads the preview's visitors from a folder's name to the folder, as hosts do: JupyterLite's links rely on it.
 *
 * @returns {import('vite').Plugin}
 */
function folders() {
  return {
    name: 'folders',
    configurePreviewServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
        if (pathname.endsWith('/') || !existsSync(resolve(output, `.${pathname}`, 'index.html'))) return next();
        response.writeHead(301, { Location: `${pathname}/${search}` }).end();
      });
    },
  };
}

const checks = { pluginTimings: false }; // the service worker's whole build counts as one plugin's time

export default defineConfig({
  root: source,
  base: './', // any sub-path will do
  appType: 'mpa', // a missing file is a 404, not the page
  publicDir: false,
  plugins: [
    ...components(),
    pages(() => [assetSizes(), firstDigits(output), frame(source)]),
    assetSizes(),
    firstDigits(output),
    frame(source),
    plainNumbers(),
    cleanAssets(),
    folders(),
    headers(),
    notFound(output),
    offline({ source: resolve(source, 'src/service-worker.ts'), output, plugins: () => [assetSizes()] }),
  ],
  server: { headers: ISOLATION }, // the preview's, too
  worker: { format: 'es', plugins: () => [assetSizes(), bridge()], rolldownOptions: { checks } },
  build: {
    outDir: output,
    emptyOutDir: false,
    target: 'es2023',
    rolldownOptions: { input: inputs, checks },
  },
});
