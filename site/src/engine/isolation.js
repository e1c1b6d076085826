// Workers that can reach neither the network nor what the browser keeps for this site.
//
// A worker of a `data:` address has an opaque origin: no caches, no IndexedDB, no cookies. It inherits the policy of the
// document that starts it; isolation.html's allows nothing but blobs that the worker makes itself. Such a worker gets
// its files from the page, see files.js. (A worker of a `blob:` address would have this site's origin.)

import { DownloadError, message } from '../message.js';
import isolation from './isolation.html?url';

/** The window that starts them. @type {Promise<Window & typeof globalThis> | undefined} */
let opened;

/** @returns {Promise<Window & typeof globalThis>} */
const open = () =>
  new Promise((resolve, reject) => {
    const frame = document.createElement('iframe');
    frame.hidden = true;
    frame.src = isolation;
    frame.addEventListener('load', () => {
      const { contentDocument } = frame;
      // The browser's own page for errors is of another origin, and a host's page for errors has another policy.
      if (contentDocument?.querySelector('meta[http-equiv=Content-Security-Policy]')) {
        resolve(/** @type {Window & typeof globalThis} */ (contentDocument.defaultView));
      } else {
        frame.remove();
        reject(new DownloadError(message('worker-not-started')));
      }
    });
    document.body.append(frame);
  });

/** @param {string} url @returns {Promise<string>} */
async function textOf(url) {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) throw new DownloadError(message('worker-not-started'));
  return response.text();
}

/**
 * Starts a worker.
 *
 * @param {string} address  of its module, which imports nothing
 * @param {string} name
 * @returns {Promise<Worker>}
 */
export async function startIsolated(address, name) {
  opened ??= open();
  opened.catch(() => (opened = undefined));
  const [{ Worker }, source] = await Promise.all([opened, textOf(new URL(address, import.meta.url).href)]);
  return new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: 'module', name });
}
