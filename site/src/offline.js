// Has the site kept for visits without a network, and tells of it in the footer: that it is kept, that there is no room,
// that there is a new version. The service worker does the keeping.

import { onLanguage, texts } from './language.js';
import { byId } from './views/dom.js';

/** @typedef {import('./service-worker.js').Kept} Kept */

const text = texts(
  {
    kept: 'This site is kept in your browser and works without a network, except for the notebooks and packages that were not used before.',
    full: 'Your browser has no room to keep this site; it needs a network. Free some space, and reload the page.',
    failed: 'Some of this site could not be kept in your browser yet; the next visit tries again.',
  },
  {
    kept: 'このサイトはブラウザに保存されていて、ネットワークがなくても使えます(ノートブックと、まだ使っていないパッケージを除く)。',
    full: 'ブラウザに空きがなく、このサイトを保存できないので、ネットワークが必要です。空きを作ってから、ページを読み直してください。',
    failed: 'このサイトの一部をまだブラウザに保存できていません。次に開いたときにもう一度試します。',
  },
);

/** @type {keyof ReturnType<typeof text> | null} */
let said = null;
let hasNew = false;

function draw() {
  byId('offline').textContent = said ? text()[said] : '';
  byId('renewal').hidden = !hasNew;
}

/** Offers a worker that waits for the old version's pages to be closed. @param {ServiceWorkerRegistration} registration */
function offer(registration) {
  const tell = () => {
    hasNew = registration.waiting !== null;
    draw();
  };
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', tell));
  byId('renew').addEventListener('click', () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    if (registration.waiting) registration.waiting.postMessage('take over');
    else location.reload(); // another tab has asked for it
  });
  tell();
}

/** Saves what somebody with a metered connection did not ask for. */
const savesData = () => /** @type {any} */ (navigator).connection?.saveData === true;

async function keepSite() {
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener('message', ({ data }) => {
    said = /** @type {Kept} */ (data);
    draw();
  });
  await serviceWorker.register(new URL('./service-worker.js', document.baseURI));
  const registration = await serviceWorker.ready;
  offer(registration);
  if (!savesData()) registration.active?.postMessage('keep');
}

onLanguage(draw);
// Only a built site has a worker, and only a secure page may have one. What the page itself needs comes first.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  const begin = () => keepSite().catch(() => {}); // switched off in this browser: the site needs a network, as any
  if (document.readyState === 'complete') begin();
  else addEventListener('load', begin, { once: true });
}
