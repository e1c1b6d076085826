// MNIST as the site serves it: gzipped IDX files, the training images in six parts of 10,000.

import { gunzipped } from './files.js';

/** What each file is in the site, and below Python's folder of data: named as MNIST's files since 1998. */
const FILES = ['test', '0', '1', '2', '3', '4', '5'].flatMap((part) => {
  const [prefix, suffix] = part === 'test' ? ['t10k', ''] : ['train', `-${part}`];
  return [
    { served: `mnist/${prefix}-images${suffix}.gz`, stored: `${part}/${prefix}-images-idx3-ubyte` },
    { served: `mnist/${prefix}-labels${suffix}.gz`, stored: `${part}/${prefix}-labels-idx1-ubyte` },
  ];
});

/** All that is fetched. */
export const MNIST_FILES = FILES.map(({ served }) => served);

/**
 * In a worker: unpacks MNIST, which the page brings.
 *
 * @returns {Promise<{path: string, bytes: Uint8Array<ArrayBuffer>}[]>}
 */
export const fetchMnist = () =>
  Promise.all(FILES.map(async ({ served, stored }) => ({ path: stored, bytes: await gunzipped(served) })));

/**
 * Puts the files where training.py looks for them.
 *
 * @param {import('./python.js').Pyodide} py
 * @param {Awaited<ReturnType<typeof fetchMnist>>} files
 */
export function storeMnist(py, files) {
  for (const { path, bytes } of files) {
    py.FS.mkdirTree(`/mnist/${path.split('/')[0]}`);
    py.FS.writeFile(`/mnist/${path}`, bytes);
  }
}
