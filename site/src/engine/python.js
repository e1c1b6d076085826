// Python in a worker: Pyodide from the files that the page hands in, and what all workers do with it.

import * as bridge from 'virtual:bridge';
import init from '../../python/tab/__init__.py?raw';
import messages from '../../python/tab/messages.py?raw';
import { messageOf } from '../message.js';
import { PACKAGES, PYODIDE_FILES } from './assets.js';
import { arrival, serve, take } from './files.js';

/**
 * @typedef {import('pyodide').PyodideAPI} Pyodide
 * @typedef {import('pyodide/ffi').PyProxy} PyProxy
 * @typedef {import('../message.js').Message} Message
 *
 * @typedef {object} Versions  what is running
 * @property {string} pyodide
 * @property {string} python
 * @property {string} numpy
 * @property {string} pyconvlite
 * @property {Message} kernels  which ones compute
 */

/**
 * Loads Pyodide with NumPy and pyconvlite.
 *
 * @param {string} base  address of the site, with its last slash
 * @returns {Promise<Pyodide>}
 */
export async function loadPython(base) {
  serve(base);
  // Pyodide itself would wait for ever for a core that does not come.
  const [py] = await Promise.all([start(base), arrival(PYODIDE_FILES)]);
  py.registerJsModule('pyconvlite_bridge', bridge); // the worker's policy forbids eval
  py.FS.mkdir('tab');
  writeModules(py, { __init__: init, messages });
  python = py;
  return py;
}

/** @param {string} base @returns {Promise<Pyodide>} */
async function start(base) {
  const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all([
    imported('pyodide/pyodide.mjs'),
    imported('pyodide/pyodide.asm.mjs'),
  ]);
  return loadPyodide({ indexURL: `${base}pyodide/`, packages: PACKAGES, createPyodideModule });
}

/** A module that came as a file. @param {string} path @returns {Promise<any>} */
async function imported(path) {
  const content = /** @type {ArrayBuffer} */ (await take(path));
  const held = URL.createObjectURL(new Blob([content], { type: 'text/javascript' }));
  try {
    return await import(/* @vite-ignore */ held);
  } finally {
    URL.revokeObjectURL(held);
  }
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
