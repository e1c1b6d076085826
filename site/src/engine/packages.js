// What a program needs beside NumPy and pyconvlite, fetched when it asks for it: packages of the Pyodide folder, MNIST.

import { wheels } from 'virtual:asset-sizes';
import { Downloads } from './downloads.js';
import { fetchMnist, MNIST_FILES, storeMnist } from './mnist.js';
import { counting } from './python.js';

/**
 * @typedef {import('./python.js').Pyodide} Pyodide
 * @typedef {(loading: import('./runner.worker.js').Loading) => void} OnLoading
 */

/**
 * Loads the packages that a program imports, as far as the site has them.
 *
 * @param {Pyodide} py
 * @param {string} base  address of the site, with its last slash
 * @param {string} code
 * @param {OnLoading} onLoading
 */
export async function loadPackages(py, base, code, onLoading) {
  const modules = importedBy(py, code);
  const wanted = Object.entries(py.lockfile.packages)
    .filter(([name, { imports }]) => !(name in py.loadedPackages) && modules.some((module) => imports.includes(module)))
    .map(([name]) => name);
  if (!wanted.length) return;
  const there = new Set(Object.keys(py.loadedPackages).map((name) => wheels[name]?.[0]));
  const paths = new Set(wanted.flatMap((name) => wheels[name].filter((path) => !there.has(path))));
  const name = wanted.join(', ');
  const downloads = new Downloads(base, (progress) => onLoading({ kind: 'loading', name, progress }), [...paths]);
  await counting(downloads, () => py.loadPackage(wanted, { messageCallback: () => {} }));
}

/** Names of the modules that a program imports; none if it is no Python. @param {Pyodide} py @param {string} code @returns {string[]} */
function importedBy(py, code) {
  const found = py.pyimport('pyodide.code').find_imports(code);
  try {
    return found.toJs();
  } finally {
    found.destroy();
  }
}

/**
 * Has pyconvlite's MNIST find its files, if a program names it.
 *
 * @param {Pyodide} py
 * @param {string} base  address of the site, with its last slash
 * @param {string} code
 * @param {OnLoading} onLoading
 */
export async function loadMnist(py, base, code, onLoading) {
  const named = /\bMNIST\b/.test(code.replaceAll(/#.*/g, ''));
  if (!named || withMnist.has(py)) return;
  const report = (/** @type {import('./downloads.js').Progress} */ progress) =>
    onLoading({ kind: 'loading', name: 'MNIST', progress });
  storeMnist(py, await fetchMnist(new Downloads(base, report, MNIST_FILES)));
  py.pyimport('tab.digits').gather();
  withMnist.add(py);
}

/** Those that have it. @type {WeakSet<Pyodide>} */
const withMnist = new WeakSet();
