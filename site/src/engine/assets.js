// Which of the site's large files Python is made of.

import { wheels } from 'virtual:asset-sizes';

export const PACKAGES = ['numpy', 'pyconvlite'];

/** Pyodide's core, which pages compile. */
export const CORE = 'pyodide/pyodide.asm.wasm';

/** What every Python needs. */
export const PYODIDE_FILES = [
  ...['pyodide.mjs', 'pyodide.asm.mjs', 'pyodide-lock.json', 'python_stdlib.zip'].map((name) => `pyodide/${name}`),
  CORE,
  ...new Set(PACKAGES.flatMap((name) => wheels[name])),
];
