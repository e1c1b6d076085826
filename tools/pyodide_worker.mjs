/** The worker of `pyodide_node.mjs`: Pyodide with this machine's folders mounted, running one Python program. */

import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

import { signals } from '../site/lite/interrupts.mjs';

/**
 * @typedef {object} Job
 * @property {string} distribution the self-contained Pyodide folder
 * @property {string[] | undefined} packages those to load; all of the folder's lock if undefined
 * @property {string} wheelUrl what micropip installs
 * @property {string} program the Python file with `main(arguments)`, which returns the exit status
 * @property {string[]} args
 * @property {string} cwd
 * @property {string[]} mounts folders of this machine, which Python sees at the same paths
 * @property {Record<string, string>} env
 * @property {boolean} isatty whether the output goes to a terminal
 * @property {boolean} webgpu whether to offer WebGPU
 * @property {Uint8Array} interrupt shared with the main thread, which puts a signal's number there
 */

const job = /** @type {Job} */ (workerData);

if (job.webgpu) {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  Object.defineProperty(navigator, 'gpu', { value: create([]), configurable: true });
}

/** @type {{loadPyodide: typeof import('pyodide').loadPyodide}} */
const { loadPyodide } = await import(pathToFileURL(join(job.distribution, 'pyodide.mjs')).href);
const lock = JSON.parse(readFileSync(join(job.distribution, 'pyodide-lock.json'), 'utf8'));
const packages = job.packages ?? Object.keys(lock.packages);
const pyodide = await loadPyodide({ packages, env: job.env });

pyodide.setStdin({ stdin: () => null });
pyodide.setStdout({ write: (bytes) => writeAll(1, bytes), isatty: job.isatty });
pyodide.setStderr({ write: (bytes) => writeAll(2, bytes), isatty: job.isatty });
pyodide.setInterruptBuffer(/** @type {any} */ (signals(job.interrupt)));
for (const folder of job.mounts) {
  pyodide.FS.mkdirTree(folder);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: folder }, folder);
}
if (job.cwd !== '/') pyodide.FS.chdir(job.cwd);

// As for `pytest` and `python SCRIPT`, the working folder is not on the path: its sources would hide the wheel.
pyodide.runPython("import sys; sys.path.remove('')");

const micropip = pyodide.pyimport('micropip');
await micropip.install(job.wheelUrl);
await pyodide.runPythonAsync(readFileSync(job.program, 'utf8'), { filename: job.program });
const main = pyodide.globals.get('main');
parentPort?.postMessage('started');
// Not called from a coroutine, since the program would see its asyncio task.
parentPort?.postMessage(await main.callPromising(job.args));

/**
 * Bypasses Node's own streams, which in a worker wait for the main thread, so that output appears at once.
 *
 * @param {number} fd
 * @param {Uint8Array} bytes
 */
function writeAll(fd, bytes) {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); // a full pipe: its reader is slow
    }
  }
  return written;
}
