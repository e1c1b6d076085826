// Graphviz, apart from the page: a large graph takes seconds, and may be given up.

import { Graphviz } from '@hpcc-js/wasm-graphviz';

const graphviz = Graphviz.load();

addEventListener('message', async ({ data }) => {
  try {
    postMessage({ svg: (await graphviz).layout(data, 'svg', 'dot') });
  } catch (error) {
    postMessage({ error: (error as Error).message });
  }
});
