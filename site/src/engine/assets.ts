// Which of the site's large files Python is made of.

/** Pyodide's core, which pages compile. */
export const CORE = 'pyodide/pyodide.asm.wasm';

/** NumPy and pyconvlite as installed, in one file; see tools/installed.py. */
export const INSTALLED = 'pyodide/installed.gz';

/** What every Python needs. */
export const PYODIDE_FILES = [
  ...['pyodide.mjs', 'pyodide.asm.mjs', 'pyodide-lock.json', 'python_stdlib.zip'].map((name) => `pyodide/${name}`),
  CORE,
  INSTALLED,
];

/** MNIST: gzipped IDX files, the training images in six parts of 10,000. */
export const MNIST_FILES = ['t10k', 'train'].flatMap((prefix) =>
  (prefix === 't10k' ? [''] : ['-0', '-1', '-2', '-3', '-4', '-5']).flatMap((part) =>
    ['images', 'labels'].map((kind) => `mnist/${prefix}-${kind}${part}.gz`),
  ),
);
