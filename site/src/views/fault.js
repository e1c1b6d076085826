// What went wrong, at the top of the page, and the buttons that go with it.

import { byId } from './dom.js';

/** @param {{retry: () => void, dismiss: () => void}} actions */
export function onFaultButtons({ retry, dismiss }) {
  byId('retry').addEventListener('click', retry);
  byId('dismiss').addEventListener('click', dismiss);
}

/** @param {import('../fault.js').Fault | null} fault @param {boolean} runs  whether Python goes on */
export function drawFault(fault, runs) {
  byId('fault').hidden = fault === null;
  if (!fault) return;
  byId('fault-title').textContent = fault.title();
  byId('fault-detail').textContent = fault.detail;
  byId('fault-more').hidden = fault.detail === '';
  byId('retry').hidden = runs;
  byId('dismiss').hidden = !runs;
}
