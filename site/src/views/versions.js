// What runs, in the footer of each page.

import { byId } from './dom.js';

/** @param {import('../engine/python.js').Versions | null} versions */
export function drawVersions(versions) {
  if (!versions) return;
  const { pyodide, python, numpy, pyconvlite } = versions;
  byId('versions').textContent =
    `Running Pyodide ${pyodide}, Python ${python}, NumPy ${numpy}, pyconvlite ${pyconvlite}.`;
}
