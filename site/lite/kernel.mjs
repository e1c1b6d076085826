// The Pyodide of the notebooks' kernels: the site's, which the page can interrupt where it is isolated (see apart.js), and
// whose figures have the page's colours.

import { loadPyodide as load } from '../pyodide/pyodide.mjs';
import { signals } from './interrupts.mjs';

// What JupyterLite waits with (coincident) looks at an answer while it is still being written, if this worker was held up
// before it began to wait. The end is 0 until then, as no answer's is.
if (globalThis.crossOriginIsolated) {
  const { slice } = Uint16Array.prototype;
  Uint16Array.prototype.slice = function (start, end = this.length) {
    if (this.buffer instanceof SharedArrayBuffer) while (Atomics.load(this, end - 1) === 0);
    return slice.call(this, start, end);
  };
}

const indexURL = new URL('../pyodide/', import.meta.url).href;

const FIGURES = '/home/pyodide/matplotlibrc';

export async function loadPyodide(options) {
  const beside = (name) => fetch(new URL(name, import.meta.url));
  const [settings, amended] = await Promise.all([
    beside(`figures-${self.name || 'light'}.txt`), // see apart.js
    beside('amended.py'),
  ]);
  const pyodide = await load({ ...options, env: { ...options.env, MATPLOTLIBRC: FIGURES }, indexURL });
  if (settings.ok) pyodide.FS.writeFile(FIGURES, await settings.text());
  if (amended.ok) pyodide.runPython(await amended.text(), { globals: pyodide.toPy({}), filename: 'amended.py' });
  if (globalThis.crossOriginIsolated) {
    const interrupts = new Uint8Array(new SharedArrayBuffer(1));
    pyodide.setInterruptBuffer(signals(interrupts));
    postMessage({ interrupts });
  }
  return pyodide;
}
