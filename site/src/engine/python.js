// Python in a worker: Pyodide with its downloads counted, and what both workers do with it.

import { wheels } from 'virtual:asset-sizes';
import init from '../../python/tab/__init__.py?raw';
import messages from '../../python/tab/messages.py?raw';
import { messageOf } from '../message.js';
import { lifeHeld } from './life.js';

/**
 * @typedef {import('pyodide').PyodideAPI} Pyodide
 * @typedef {import('pyodide/ffi').PyProxy} PyProxy
 * @typedef {import('./downloads.js').Downloads} Downloads
 * @typedef {import('../message.js').Message} Message
 *
 * @typedef {object} Versions  what is running
 * @property {string} pyodide
 * @property {string} python
 * @property {string} numpy
 * @property {string} pyconvlite
 * @property {Message} kernels  which ones compute
 */

const PACKAGES = ['numpy', 'pyconvlite'];

/** What Pyodide fetches; its small entry module is not counted. */
export const PYODIDE_FILES = [
  ...['pyodide.asm.mjs', 'pyodide.asm.wasm', 'pyodide-lock.json', 'python_stdlib.zip'].map((name) => `pyodide/${name}`),
  ...new Set(PACKAGES.flatMap((name) => wheels[name])),
];

/**
 * Loads Pyodide with NumPy and pyconvlite, all downloads counted.
 *
 * @param {string} base  address of the site, with its last slash
 * @param {Downloads} downloads
 * @returns {Promise<Pyodide>}
 */
export async function loadPython(base, downloads) {
  await lifeHeld();
  return counting(downloads, async () => {
    // import() tells no progress: fetched here the module is counted; import() finds it in the browser's cache.
    await (await fetch(`${base}pyodide/pyodide.asm.mjs`)).arrayBuffer();
    const { loadPyodide } = await import(/* @vite-ignore */ `${base}pyodide/pyodide.mjs`);
    /** @type {Pyodide} */
    const py = await loadPyodide({ indexURL: `${base}pyodide/`, packages: PACKAGES });
    py.FS.mkdir('tab');
    writeModules(py, { __init__: init, messages });
    python = py;
    return py;
  });
}

/** The worker's own, once it is there. @type {Pyodide | undefined} */
let python;

/** What an error tells; if it is Python's, it is the one that was caught last. @param {Error} error @returns {Message} */
export function toldBy(error) {
  try {
    if (python && error.name === 'PythonError') return plain(python.pyimport('tab.messages').last_error());
  } catch {
    // A program has damaged Python.
  }
  return messageOf(error);
}

/**
 * Does something during which all that Pyodide fetches is counted.
 *
 * @template T
 * @param {Downloads} downloads
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
export async function counting(downloads, load) {
  const browserFetch = globalThis.fetch;
  globalThis.fetch = downloads.fetch;
  try {
    return await Promise.race([load(), downloads.failure]); // Pyodide waits for ever for a core that does not come
  } finally {
    globalThis.fetch = browserFetch;
  }
}

/**
 * Lets Python import these modules.
 *
 * @param {Pyodide} py
 * @param {Record<string, string>} sources  by their names
 * @param {string} [folder]  the site's package, or `.` for modules of no package
 */
export function writeModules(py, sources, folder = 'tab') {
  for (const [name, source] of Object.entries(sources)) py.FS.writeFile(`${folder}/${name}.py`, source);
}

/** A Python result as plain JS: dicts as objects, arrays as typed arrays. @param {PyProxy} proxy */
export function plain(proxy) {
  try {
    return proxy.toJs({ dict_converter: Object.fromEntries });
  } finally {
    proxy.destroy();
  }
}
