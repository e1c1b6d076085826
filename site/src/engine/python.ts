// Python in a worker: Pyodide from the files that the page hands in, and what all workers do with it.

import * as bridge from 'virtual:bridge';
import type { PyodideAPI as Pyodide } from 'pyodide';
import type { PyProxy } from 'pyodide/ffi';
import init from '../../python/tab/__init__.py?raw';
import messages from '../../python/tab/messages.py?raw';
import { INSTALLED, PYODIDE_FILES } from './assets';
import { arrival, bytesOf, gunzipped, serve } from './files';
import { DownloadError, type Message, message, messageOf } from './message';

export type { Pyodide, PyProxy };

/** What the first line of INSTALLED has. */
interface Installed {
  /** Their names. */
  packages: string[];
  /** Below site-packages, and each one's length in bytes. */
  files: [path: string, length: number][];
}

/** The worker's own: loaded once, also where one page after the other asks for it. */
let loading: Promise<Pyodide> | undefined;

/**
 * Loads Pyodide with NumPy and pyconvlite.
 *
 * @param base  address of the site, with its last slash
 */
export function loadPython(base: string): Promise<Pyodide> {
  loading ??= begin(base);
  return loading;
}

async function begin(base: string): Promise<Pyodide> {
  serve(base);
  // Pyodide itself would wait for ever for a core that does not come.
  const [py, installed] = await Promise.all([start(base), gunzipped(INSTALLED), arrival(PYODIDE_FILES)]);
  install(py, installed);
  py.registerJsModule('pyconvlite_bridge', bridge); // the worker's policy forbids eval
  py.FS.mkdir('tab');
  writeModules(py, { __init__: init, messages });
  python = py;
  return py;
}

async function start(base: string): Promise<Pyodide> {
  const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all([
    imported<{ loadPyodide: (options: object) => Promise<Pyodide> }>('pyodide/pyodide.mjs'),
    imported<{ default: unknown }>('pyodide/pyodide.asm.mjs'),
  ]);
  return loadPyodide({ indexURL: `${base}pyodide/`, createPyodideModule });
}

/** Puts packages where Python imports them from: Pyodide itself would unpack them in Python. */
function install(py: Pyodide, bytes: Uint8Array<ArrayBuffer>): void {
  const end = bytes.indexOf(0x0a);
  const { packages, files }: Installed = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  const size = files.reduce((sum, [, length]) => sum + length, end + 1);
  if (size !== bytes.length) throw new DownloadError(message('file-damaged', { file: INSTALLED }));
  const place = py.runPython('import site; site.getsitepackages()[0]');
  const folders = new Set(files.map(([path]) => path.slice(0, path.lastIndexOf('/'))));
  for (const folder of folders) py.FS.mkdirTree(`${place}/${folder}`);
  let at = end + 1;
  for (const [path, length] of files) {
    py.FS.writeFile(`${place}/${path}`, bytes.subarray(at, at + length), { canOwn: true });
    at += length;
  }
  py.runPython('import importlib; importlib.invalidate_caches()');
  for (const name of packages) py.loadedPackages[name] = 'default channel';
}

/** A module that came as a file. */
async function imported<T>(path: string): Promise<T> {
  const bytes = await bytesOf(path);
  const held = URL.createObjectURL(new Blob([bytes], { type: 'text/javascript' }));
  try {
    return await import(/* @vite-ignore */ held);
  } catch {
    // WebKit imports no blob where the origin is opaque. Elsewhere a blob is better: each call on an error's stack, which
    // Python reads, has the whole address of `data:`. So there is one call on it, and none would be no stack at all.
    Object.assign(Error, { stackTraceLimit: 1 });
    const source = new TextDecoder().decode(bytes);
    return await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(source)}`);
  } finally {
    URL.revokeObjectURL(held);
  }
}

/** The worker's own, once it is there. */
let python: Pyodide | undefined;

/** What an error tells; if it is Python's, it is the one that was caught last. */
export function toldBy(error: Error): Message {
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
 * @param sources  by their names
 * @param folder  the site's package, or `.` for modules of no package
 */
export function writeModules(py: Pyodide, sources: Record<string, string>, folder = 'tab'): void {
  for (const [name, source] of Object.entries(sources)) py.FS.writeFile(`${folder}/${name}.py`, source);
}

/** Lends values to Python for a call. */
// biome-ignore lint/suspicious/noExplicitAny: what Python is given
export function lend<T>(py: Pyodide, values: unknown[], use: (...lent: any[]) => T): T {
  const lent: PyProxy[] = values.map((value) => py.toPy(value));
  try {
    return use(...lent);
  } finally {
    for (const each of lent) each.destroy();
  }
}

/** A Python result as plain JS: dicts as objects, arrays as typed arrays. The caller knows of what type it is. */
export function plain<T>(proxy: PyProxy): T {
  try {
    return proxy.toJs({ dict_converter: Object.fromEntries });
  } finally {
    proxy.destroy();
  }
}
