// Graphs as pictures, drawn by Graphviz in a worker that is there once it is needed.

import * as Comlink from 'comlink';

/** @typedef {import('./graph.worker.js').LayOut} LayOut */

const SECONDS = 30; // a graph may take, the first one with Graphviz itself

/** @type {Promise<unknown>} */
let queue = Promise.resolve();
/** @type {Worker | null} */
let worker = null;

/** A graph in Graphviz's language as SVG; one after the other. @param {string} dot @returns {Promise<string>} */
export function svgOf(dot) {
  const next = queue.then(() => layOut(dot));
  queue = next.catch(() => {});
  return next;
}

/** @param {string} dot @returns {Promise<string>} */
async function layOut(dot) {
  worker ??= new Worker(new URL('./graph.worker.js', import.meta.url), { type: 'module', name: 'graphviz' });
  const present = worker;
  /** @type {Promise<never>} */
  const failed = new Promise((_, fail) => {
    setTimeout(() => fail(new Error(`it takes more than ${SECONDS} seconds`)), SECONDS * 1000);
    present.onerror = (event) => {
      event.preventDefault();
      fail(new Error(event.message || 'Graphviz could not be started'));
    };
  });
  try {
    return await Promise.race([/** @type {Comlink.Remote<LayOut>} */ (Comlink.wrap(present))(dot), failed]);
  } catch (error) {
    present.terminate();
    worker = null;
    throw error;
  }
}
