// Graphs as pictures, drawn by Graphviz in a worker that is there once it is needed.

import { startIsolated } from '../engine/isolation.js';
import { CodedError, message } from '../message.js';
import address from './graph.worker.js?worker&url';

const SECONDS = 30; // a graph may take, the first one with Graphviz itself

/** @type {Promise<unknown>} */
let queue = Promise.resolve();
/** Graphviz's. @type {Worker | null} */
let graphviz = null;

/** A graph in Graphviz's language as SVG; one after the other. @param {string} dot @returns {Promise<string>} */
export function svgOf(dot) {
  const next = queue.then(() => layOut(dot));
  queue = next.catch(() => {});
  return next;
}

/** @param {string} dot @returns {Promise<string>} */
async function layOut(dot) {
  graphviz ??= await startIsolated(address, 'graphviz');
  const worker = graphviz;
  try {
    return await new Promise((resolve, reject) => {
      setTimeout(() => reject(new CodedError(message('graph-late', { seconds: SECONDS }))), SECONDS * 1000);
      worker.onmessage = ({ data: { svg, error } }) => (svg === undefined ? reject(new Error(error)) : resolve(svg));
      worker.onerror = (event) => {
        event.preventDefault();
        reject(event.message ? new Error(event.message) : new CodedError(message('graphviz-not-started')));
      };
      worker.postMessage(dot);
    });
  } catch (error) {
    worker.terminate();
    graphviz = null;
    throw error;
  }
}
