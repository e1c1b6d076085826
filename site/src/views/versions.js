// What runs, in the footer of each page.

import { texts } from '../language.js';
import { byId } from './dom.js';

const text = texts(
  { running: (/** @type {string} */ all) => `Running ${all}.` },
  { running: (all) => `動作中: ${all}` },
);

/** @param {import('../engine/python.js').Versions | null} versions */
export function drawVersions(versions) {
  if (!versions) return;
  const { pyodide, python, numpy, pyconvlite } = versions;
  const all = `Pyodide ${pyodide}, Python ${python}, NumPy ${numpy}, pyconvlite ${pyconvlite}`;
  byId('versions').textContent = text().running(all);
}
