// MNIST in a worker.

import { MNIST_FILES } from './assets';
import { gunzipped } from './files';
import type { Pyodide } from './python';

interface Stored {
  path: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Where a file is below Python's folder of data: named as MNIST's files since 1998. */
function placeOf(served: string): string {
  const [, prefix, kind, part] = /(t10k|train)-(images|labels)-?(\d?)/.exec(served) as unknown as string[];
  return `${part || 'test'}/${prefix}-${kind}-${kind === 'images' ? 'idx3' : 'idx1'}-ubyte`;
}

/** Unpacks MNIST, which the page brings. */
export const fetchMnist = (): Promise<Stored[]> =>
  Promise.all(MNIST_FILES.map(async (served) => ({ path: placeOf(served), bytes: await gunzipped(served) })));

/** Puts the files where training.py looks for them. */
export function storeMnist(py: Pyodide, files: Stored[]): void {
  for (const { path, bytes } of files) {
    py.FS.mkdirTree(`/mnist/${path.split('/')[0]}`);
    py.FS.writeFile(`/mnist/${path}`, bytes);
  }
}
