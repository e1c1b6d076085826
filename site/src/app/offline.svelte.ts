// Has the site kept for visits without a network. The service worker does the keeping; the footer tells of it.

import type { Kept } from '../service-worker';

/**
 * What the footer tells: whether the site is kept, null while that is not known; whether a new version waits; and whether
 * a part of this page could not be had.
 */
export const offline = $state({ kept: null as Kept | null, hasNew: false, lacks: false });

let registration: ServiceWorkerRegistration | undefined;

/** Loads the new version. */
export function renew(): void {
  navigator.serviceWorker?.addEventListener('controllerchange', () => location.reload(), { once: true });
  if (registration?.waiting) registration.waiting.postMessage('take over');
  else location.reload(); // another tab has asked for it
}

/** Saves what somebody with a metered connection did not ask for. */
const savesData = () => (navigator as { connection?: { saveData: boolean } }).connection?.saveData === true;

async function keep(): Promise<void> {
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener('message', ({ data }) => {
    offline.kept = data;
  });
  const { installing } = await serviceWorker.register(new URL('./service-worker.js', document.baseURI));
  installing?.addEventListener('statechange', () => {
    // Not even the pages themselves could be kept; once one serves, a new version has taken its place.
    if (installing.state === 'redundant' && !registration) offline.kept = 'failed';
  });
  registration = await serviceWorker.ready;
  const tell = () => {
    // It waits for the old version's pages to be closed; once it does no more, this page still is of the old one.
    if (registration?.waiting) offline.hasNew = true;
  };
  registration.addEventListener('updatefound', () => registration?.installing?.addEventListener('statechange', tell));
  tell();
  if (!savesData()) registration.active?.postMessage('keep');
}

/**
 * Begins once the page is there. Only a built site has a worker, and only a secure page may have one. What stands in a
 * page of somebody else keeps nothing: that page's visitors did not come for the site.
 */
export function keepSite(): void {
  if (!import.meta.env.PROD || window !== window.top || !('serviceWorker' in navigator)) return;
  const begin = () => keep().catch(() => {}); // switched off in this browser: the site needs a network, as any
  if (document.readyState === 'complete') begin();
  else addEventListener('load', begin, { once: true });
}
