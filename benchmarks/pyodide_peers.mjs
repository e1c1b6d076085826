/**
 * The frameworks that run inside Pyodide, in Node and in a page alike.
 *
 * @typedef {object} Contestant a framework that trains, or computes, the small CNN on one batch
 * @property {string} name
 * @property {string} measured training or forward
 * @property {number[]} output for the batch
 * @property {() => number | Promise<number>} seconds measures: the median time of one batch
 */

/**
 * @param {string} pyodideUrl of pyodide.mjs in a folder that has NumPy
 * @param {ArrayBuffer} wheel pyconvlite's
 * @param {ArrayBuffer} bundle the zip file of what else Python needs, which peers.py made
 * @returns {Promise<Contestant[]>}
 */
export async function pyodidePeers(pyodideUrl, wheel, bundle) {
  const pyodide = await startPyodide(pyodideUrl, wheel, bundle);
  const python = pyodide.pyimport('contestants');
  const all = python.contestants('/bundle/net.npz');
  /** @type {Omit<Contestant, 'seconds'>[]} */
  const described = JSON.parse(python.describe(all));
  return described.map((one, i) => ({ ...one, seconds: () => all.get(i).seconds() }));
}

/**
 * A Pyodide with the wheel and the modules of the bench.
 *
 * @param {string} pyodideUrl
 * @param {ArrayBuffer} wheel
 * @param {ArrayBuffer} bundle
 */
export async function startPyodide(pyodideUrl, wheel, bundle) {
  /** @type {{loadPyodide: typeof import('pyodide').loadPyodide}} */
  const { loadPyodide } = await import(pyodideUrl);
  const pyodide = await loadPyodide({ packages: ['numpy'] });
  pyodide.unpackArchive(wheel, 'wheel');
  pyodide.unpackArchive(bundle, 'zip', { extractDir: '/bundle' });
  pyodide.runPython('import sys; sys.path.append("/bundle/benchmarks")');
  return pyodide;
}
