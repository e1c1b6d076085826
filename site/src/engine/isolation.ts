// Workers that cannot reach the network, and those of visitors' programs neither what the browser keeps for this site.
//
// A worker of a `data:` address has an opaque origin: no caches, no IndexedDB, no cookies. It inherits the policy of the
// document that starts it; isolation.html's allows nothing but scripts that the worker has the text of. Such a worker
// gets its files from the page, see files.ts.
//
// Chromium gives an opaque origin no shared memory, and so no threads. A worker that runs this site's own programs alone
// is therefore one of a `blob:` address, which has this site's origin, under the same policy.

import isolation from './isolation.html?url';
import { DownloadError, message } from './message';

type Opened = Window & typeof globalThis;

/** The window that starts them. */
let opened: Promise<Opened> | undefined;

const open = (): Promise<Opened> =>
  new Promise((resolve, reject) => {
    const frame = document.createElement('iframe');
    frame.hidden = true;
    frame.src = isolation;
    frame.addEventListener('load', () => {
      const { contentDocument } = frame;
      // The browser's own page for errors is of another origin, and a host's page for errors has another policy.
      if (contentDocument?.querySelector('meta[http-equiv=Content-Security-Policy]')) {
        resolve(contentDocument.defaultView as Opened);
      } else {
        frame.remove();
        reject(new DownloadError(message('worker-not-started')));
      }
    });
    document.body.append(frame);
  });

async function textOf(url: string): Promise<string> {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) throw new DownloadError(message('worker-not-started'));
  return response.text();
}

/**
 * Starts a worker.
 *
 * @param address  of its module, which imports nothing
 * @param isOwn  whether it never runs a visitor's program
 */
export async function startIsolated(address: string, name: string, isOwn = false): Promise<Worker> {
  opened ??= open();
  opened.catch(() => {
    opened = undefined; // the next start tries again
  });
  const [{ Worker }, source] = await Promise.all([opened, textOf(new URL(address, import.meta.url).href)]);
  const options: WorkerOptions = { type: 'module', name };
  if (!isOwn) return new Worker(`data:text/javascript,${encodeURIComponent(source)}`, options);
  const held = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(held, options);
  worker.addEventListener('message', () => URL.revokeObjectURL(held), { once: true }); // it has been loaded
  return worker;
}
