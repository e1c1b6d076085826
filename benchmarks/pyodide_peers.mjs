/** Python inside Pyodide for the benchmarks, in Node and in a page alike. */

/**
 * @param {string} pyodideUrl of pyodide.mjs in a folder that has NumPy
 * @param {ArrayBuffer | Uint8Array} wheel pyconvlite's
 */
export async function startPyodide(pyodideUrl, wheel) {
  /** @type {{loadPyodide: typeof import('pyodide').loadPyodide}} */
  const { loadPyodide } = await import(pyodideUrl);
  const pyodide = await loadPyodide({ packages: ['numpy'] });
  pyodide.unpackArchive(wheel, 'wheel');
  return pyodide;
}

/**
 * What answers questions about the nets in frameworks with DeZero's API: both are JSON, see answers.py.
 *
 * @param {string} pyodideUrl
 * @param {ArrayBuffer | Uint8Array} wheel
 * @param {ArrayBuffer | Uint8Array} bundle the zip file that nets.py wrote
 * @returns {Promise<(question: string) => string>}
 */
export async function startAnswers(pyodideUrl, wheel, bundle) {
  const pyodide = await startPyodide(pyodideUrl, wheel);
  pyodide.unpackArchive(bundle, 'zip', { extractDir: '/bundle' });
  pyodide.runPython('import sys; sys.path.append("/bundle/benchmarks")');
  return pyodide.pyimport('nets_models').answers().answer;
}
