// Notices that the browser has ended a worker without an event, for lack of memory for example: a nested worker, which ends
// with it, answers the page's messages even while Python computes.

import type { PulseMessage, ToWorker } from './protocol';

const BEAT_MS = 2_000;
const MOST_MISSED = 3;

/** The program of the nested worker: it sends one message by itself, then answers each. */
const HEART = 'onmessage = ({ data: port }) => (port.onmessage = () => port.postMessage(0))();';

/** Held, for a browser may end a worker that nobody holds. */
let heart: Worker;

/** In the worker: gives the page a pulse, once it asks. */
export function givePulse(): void {
  addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
    if (!('pulse' in data)) return;
    heart = new Worker(`data:text/javascript,${encodeURIComponent(HEART)}`);
    heart.postMessage(data.pulse, [data.pulse]);
  });
}

/** In the page: tells when the worker is gone, from its first beat on. What it returns ends the watch. */
export function watchPulse(worker: Worker, onEnd: () => void): () => void {
  const { port1, port2 } = new MessageChannel();
  let missed = 0;
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    port1.close();
  };
  const ask = () => {
    if (++missed <= MOST_MISSED) return port1.postMessage(0);
    stop();
    onEnd();
  };
  port1.onmessage = () => {
    missed = 0;
    timer ||= setInterval(ask, BEAT_MS);
  };
  worker.postMessage({ pulse: port2 } satisfies PulseMessage, [port2]);
  return stop;
}
