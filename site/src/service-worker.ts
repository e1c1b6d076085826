// The service worker: keeps the site in the browser, so that it works without a network.
//
// The pages with all that belongs to them are kept before it takes over, one build's or none. The documentation and the
// large files (Pyodide, wheels, MNIST, pretrained weights) are kept under the hash of what is in them: as they pass, and
// those that a visitor needs sooner or later once a page has loaded and asks for it. A new build's worker waits until no
// page of the old one is open, or until a visitor asks for it; until then it has fetched only the files that have changed.
// The notebooks at lite/ have a worker of their own.
//
// It isolates the pages from other sites where the host does not, so that they can use threads.

import { large, own } from 'virtual:site-files';
import { addPlugins, precacheAndRoute } from 'workbox-precaching';
import { registerRoute } from 'workbox-routing';
import { CORE, MNIST_FILES, PYODIDE_FILES } from './engine/assets';
import { ISOLATION } from './isolation-headers.js';

/** Whether the site is all there: 'full' where the browser has no room. */
export type Kept = 'kept' | 'full' | 'failed';

const worker = globalThis as unknown as ServiceWorkerGlobalScope;
const scope = worker.registration.scope;
const CACHE = `large files of ${scope}`;

/** What a visitor needs sooner or later. */
const NEEDED = [...PYODIDE_FILES, ...MNIST_FILES, ...Object.keys(large).filter((path) => path.startsWith('docs/'))];

/** Where a file is kept. */
const keyOf = (path: string) => `${scope}${path}?sha256=${large[path][0]}`;

/** Where a file is fetched from, as the pages fetch it; see downloads.ts for the core. */
const addressOf = (path: string) => (path === CORE ? keyOf(path) : scope + path);

/** A file's path in the site; a folder stands for its index.html. */
const pathOf = ({ origin, pathname }: URL): string =>
  `${origin}${pathname}`.slice(scope.length).replace(/\/$/, '/index.html');

/** A file that is not the one of this build: the host has a newer one, or an older. */
class OtherBuild extends Error {}

/**
 * Keeps a file, if it is what this build has under that name.
 *
 * @throws {OtherBuild}
 * @throws {DOMException} QuotaExceededError where there is no room
 */
async function keep(path: string, response: Response): Promise<void> {
  const bytes = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hash = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (!large[path].includes(hash)) throw new OtherBuild(path);
  const cache = await caches.open(CACHE);
  await cache.put(keyOf(path), new Response(bytes, { headers: response.headers }));
}

/** Fetches and keeps a file that is not kept yet. */
async function obtain(path: string): Promise<void> {
  if (await caches.match(keyOf(path), { cacheName: CACHE })) return;
  const fetched = async (cache: RequestCache) => {
    const response = await fetch(addressOf(path), { cache });
    if (!response.ok) throw new Error(`${path}: the host answered ${response.status}`);
    return response;
  };
  try {
    await keep(path, await fetched('no-cache')); // most often the browser has it from the page, and asks only whether it is new
  } catch (error) {
    if (!(error instanceof OtherBuild)) throw error;
    await keep(path, await fetched('reload'));
  }
}

/** Keeps some files, one after the other, beside what else goes on. */
async function obtainAll(paths: string[]): Promise<Kept> {
  try {
    for (const path of paths) await obtain(path);
    return 'kept';
  } catch (error) {
    if (error instanceof OtherBuild) worker.registration.update().catch(() => {});
    return error instanceof DOMException && error.name === 'QuotaExceededError' ? 'full' : 'failed';
  }
}

/** Files that are kept, of whatever build. */
async function keptPaths(): Promise<Set<string>> {
  const keys = await (await caches.open(CACHE)).keys();
  return new Set(keys.map(({ url }) => url.slice(scope.length).split('?')[0]));
}

worker.addEventListener('install', (event) => {
  // What was kept stays kept, in its new form.
  const renew = async () => obtainAll([...(await keptPaths())].filter((path) => path in large));
  event.waitUntil(renew());
});

worker.addEventListener('activate', (event) => {
  const forget = async () => {
    const cache = await caches.open(CACHE);
    const valid = new Set(Object.keys(large).map((path) => new URL(keyOf(path)).href));
    for (const key of await cache.keys()) if (!valid.has(key.url)) await cache.delete(key);
  };
  event.waitUntil(Promise.all([forget(), worker.clients.claim()]));
});

worker.addEventListener('message', (event) => {
  if (event.data === 'take over') worker.skipWaiting();
  if (event.data !== 'keep') return;
  event.waitUntil(obtainAll(NEEDED).then((kept) => event.source?.postMessage(kept)));
});

/** A page with the headers that isolate it; other files as they are. */
function isolated(response: Response): Response {
  if (!response.headers.get('Content-Type')?.startsWith('text/html')) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

addPlugins([{ handlerWillRespond: async ({ response }) => isolated(response) }]);
precacheAndRoute(own, { ignoreURLParametersMatching: [/./] }); // a link may hold what a page begins with

registerRoute(
  ({ url, sameOrigin }) => sameOrigin && pathOf(url) in large,
  async ({ request, url, event }) => {
    const path = pathOf(url);
    const kept = await caches.match(keyOf(path), { cacheName: CACHE });
    if (kept) return kept;
    const response = await fetch(request);
    // A page does without what cannot be kept.
    if (response.ok) event.waitUntil(keep(path, response.clone()).catch(() => {}));
    return response;
  },
);

/** In place of the browser's own page about the network, which does not say what works without one. */
const NO_NETWORK = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <link rel="icon" href="data:," />
  <title>pyconvlite: no network / ネットワークがありません</title>
  <style>
    :root { color-scheme: light dark; }
    body { max-inline-size: 36rem; margin: 15vh auto 3rem; padding-inline: 1.25rem; font: 1.0625rem / 1.6 system-ui, sans-serif; }
  </style>
  <main>
    <h1>No network</h1>
    <p>The notebooks need a network. The site's other pages are stored in your browser and work without one.</p>
    <p><a href="${scope}">Start: train a network</a></p>
    <section lang="ja">
      <h2>ネットワークがありません</h2>
      <p>ノートブックにはネットワークが必要です。ほかのページはブラウザに保存されていて、ネットワークがなくても使えます。</p>
      <p><a href="${scope}index.ja.html">最初のページ: 学習</a></p>
    </section>
  </main>
</html>`;

registerRoute(
  ({ request, sameOrigin }) => sameOrigin && request.mode === 'navigate',
  ({ request }) =>
    fetch(request).catch(
      () => new Response(NO_NETWORK, { status: 503, headers: { 'Content-Type': 'text/html; charset=utf-8' } }),
    ),
);
