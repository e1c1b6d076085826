/**
 * Puts Python's bytecode beside the sources in a Pyodide folder. Modules then need not be compiled in every page and
 * every run, which halves the time to the first line of Python.
 *
 * Usage: node bytecode.mjs FOLDER MODULE...
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [folder, ...modules] = process.argv.slice(2);
const distribution = resolve(folder);
const program = fileURLToPath(new URL('bytecode_inside.py', import.meta.url));

/** @type {{loadPyodide: typeof import('pyodide').loadPyodide}} */
const { loadPyodide } = await import(pathToFileURL(join(distribution, 'pyodide.mjs')).href);
const lock = JSON.parse(readFileSync(join(distribution, 'pyodide-lock.json'), 'utf8'));
// Its standard output is this process's own, where loadPackage's messages would be of no use.
const pyodide = await loadPyodide();
await pyodide.loadPackage(Object.keys(lock.packages), { messageCallback: () => {} });
pyodide.FS.mkdirTree(distribution);
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: distribution }, distribution);
pyodide.runPython(readFileSync(program, 'utf8'), { filename: program });
pyodide.globals.get('main')(distribution, modules);
