// Graphviz, apart from the page: a large graph takes seconds, and may be given up.

import { Graphviz } from '@hpcc-js/wasm-graphviz';
import * as Comlink from 'comlink';

/** @typedef {typeof layOut} LayOut */

const graphviz = Graphviz.load();

/** A graph as SVG. @param {string} dot @returns {Promise<string>} */
const layOut = async (dot) => (await graphviz).layout(dot, 'svg', 'dot');

Comlink.expose(layOut);
