// Graphs as pictures, drawn by Graphviz in a worker that is there once it is needed.

import * as Comlink from 'comlink';
import { CodedError, message } from '../message.js';

/** @typedef {import('./graph.worker.js').LayOut} LayOut */

const SECONDS = 30; // a graph may take, the first one with Graphviz itself

/** @type {Promise<unknown>} */
let queue = Promise.resolve();
/**
 * Graphviz's worker, and how it is called. Both live as long as each other: a proxy that is collected as garbage takes
 * its worker's ear with it.
 *
 * @type {{worker: Worker, ask: Comlink.Remote<LayOut>} | null}
 */
let graphviz = null;

/** A graph in Graphviz's language as SVG; one after the other. @param {string} dot @returns {Promise<string>} */
export function svgOf(dot) {
  const next = queue.then(() => layOut(dot));
  queue = next.catch(() => {});
  return next;
}

function start() {
  const worker = new Worker(new URL('./graph.worker.js', import.meta.url), { type: 'module', name: 'graphviz' });
  return { worker, ask: /** @type {Comlink.Remote<LayOut>} */ (Comlink.wrap(worker)) };
}

/** @param {string} dot @returns {Promise<string>} */
async function layOut(dot) {
  graphviz ??= start();
  const { worker, ask } = graphviz;
  /** @type {Promise<never>} */
  const failed = new Promise((_, fail) => {
    setTimeout(() => fail(new CodedError(message('graph-late', { seconds: SECONDS }))), SECONDS * 1000);
    worker.onerror = (event) => {
      event.preventDefault();
      fail(event.message ? new Error(event.message) : new CodedError(message('graphviz-not-started')));
    };
  });
  try {
    return await Promise.race([ask(dot), failed]);
  } catch (error) {
    worker.terminate();
    graphviz = null;
    throw error;
  }
}
