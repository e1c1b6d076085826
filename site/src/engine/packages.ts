// What a program needs beside NumPy and pyconvlite, fetched when it asks for it: packages of the Pyodide folder, MNIST,
// pretrained weights.

import sizes, { wheels } from 'virtual:asset-sizes';
import { MNIST_FILES } from './assets';
import { arrival, ask, bytesOf } from './files';
import { fetchMnist, storeMnist } from './mnist';
import type { Pyodide, PyProxy } from './python';

/** Loads the packages that a program imports, as far as the site has them. */
export async function loadPackages(py: Pyodide, code: string): Promise<void> {
  const modules = importedBy(py, code);
  // pyconvlite.onnx imports protobuf only when it writes a file
  if (/\bonnx\b/.test(code.replaceAll(/#.*/g, ''))) modules.push('google');
  const wanted = Object.entries(py.lockfile.packages)
    .filter(([name, { imports }]) => !(name in py.loadedPackages) && modules.some((module) => imports.includes(module)))
    .map(([name]) => name);
  if (!wanted.length) return;
  const there = new Set(Object.keys(py.loadedPackages).map((name) => wheels[name]?.[0]));
  const paths = [...new Set(wanted.flatMap((name) => wheels[name].filter((path) => !there.has(path))))];
  ask(paths, wanted.join(', '));
  await Promise.all([py.loadPackage(wanted, { messageCallback: () => {} }), arrival(paths)]);
}

/** Names of the modules that a program imports; none if it is no Python, or none that can be read, which its run tells. */
function importedBy(py: Pyodide, code: string): string[] {
  let found: PyProxy;
  try {
    found = py.pyimport('pyodide.code').find_imports(code);
  } catch {
    return [];
  }
  try {
    return found.toJs();
  } finally {
    found.destroy();
  }
}

/** Has pyconvlite's MNIST find its files, if a program names it. */
export async function loadMnist(py: Pyodide, code: string): Promise<void> {
  const named = /\bMNIST\b/.test(code.replaceAll(/#.*/g, ''));
  if (!named || withMnist.has(py)) return;
  ask(MNIST_FILES, 'MNIST');
  storeMnist(py, await fetchMnist());
  py.pyimport('tab.digits').gather();
  withMnist.add(py);
}

/** Those that have it. */
const withMnist = new WeakSet<Pyodide>();

/** The site's files of pretrained weights. */
const WEIGHTS = Object.keys(sizes).filter((path) => path.endsWith('.safetensors'));

/** Puts pretrained weights where a program names them: at their path in the site, relative to the working directory. */
export async function loadWeights(py: Pyodide, code: string): Promise<void> {
  const read = code.replaceAll(/#.*/g, '');
  for (const path of WEIGHTS.filter((each) => read.includes(each) && !py.FS.analyzePath(each, false).exists)) {
    ask([path], path.split('/')[1]);
    const bytes = await bytesOf(path);
    py.FS.mkdirTree(path.split('/')[0]);
    py.FS.writeFile(path, bytes);
  }
}
