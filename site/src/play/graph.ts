// Graphs as pictures, drawn by Graphviz in a worker that is there once it is needed.

import { startIsolated } from '../engine/isolation';
import { CodedError, message } from '../engine/message';
import address from './graph.worker.ts?worker&url';

const SECONDS = 30; // a graph may take, the first one with Graphviz itself
const MOST_LETTERS = 4_000_000; // of a drawing, beyond which the browser would be busy for seconds

/** No paper, the page's kind of type, and on a dark page light ink; colours keep their hue. */
const STYLE =
  '.graph > polygon { fill: none } text { font-family: system-ui, sans-serif; font-size: 12.5px } @media (prefers-color-scheme: dark) { svg { filter: invert(1) hue-rotate(180deg) } }';

let queue: Promise<unknown> = Promise.resolve();
let graphviz: Worker | null = null;

/**
 * A graph in Graphviz's language as SVG; one after the other.
 *
 * @param signal  that nobody waits for it any more: the next one goes on
 */
export function svgOf(dot: string, signal: AbortSignal): Promise<string> {
  const next = queue.then(() => layOut(dot, signal));
  queue = next.catch(() => {});
  return next;
}

async function layOut(dot: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  graphviz ??= await startIsolated(address, 'graphviz');
  const worker = graphviz;
  let timer: number | undefined;
  try {
    const svg = await new Promise<string>((resolve, reject) => {
      const late = () => reject(new CodedError(message('graph-late', { seconds: SECONDS })));
      timer = setTimeout(late, SECONDS * 1000);
      signal.addEventListener('abort', () => reject(signal.reason));
      worker.onmessage = ({ data: { svg, error } }) => (svg === undefined ? reject(new Error(error)) : resolve(svg));
      worker.onerror = (event) => {
        event.preventDefault();
        reject(event.message ? new Error(event.message) : new CodedError(message('graphviz-not-started')));
      };
      worker.postMessage(dot);
    });
    if (svg.length > MOST_LETTERS) throw new CodedError(message('graph-large'));
    return svg.replace(/<svg[^>]*>/, (tag) => `${tag}<style>${STYLE}</style>`);
  } catch (error) {
    worker.terminate();
    graphviz = null;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
