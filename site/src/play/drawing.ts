// Whether the browser gets over drawing what programs show. It may hang or die there, and would again in each visit if that
// was kept and shown.

import { keep, kept } from './kept';

const DRAWN_MS = 2000; // after the last thing was shown

/** A page holds it while things are shown; one that dies has let go of it. */
const LOCK = 'play-drawing';

let timer = 0;
let letGo: (() => void) | null = null;

/** Whether it did not get over what was shown last: not while another tab is at it. */
export async function hasFailed(): Promise<boolean> {
  if (kept('drawing') === null) return false;
  const locks = await navigator.locks?.query().catch(() => null); // a page that is no secure one has none
  return !locks?.held?.some(({ name }) => name === LOCK);
}

/** From now on things are shown. */
export function begin(): void {
  clearTimeout(timer);
  keep('drawing', 'yes');
  if (letGo) return;
  const drawn = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  navigator.locks?.request(LOCK, { mode: 'shared' }, () => drawn).catch(() => {});
}

/** All is shown, and drawn a while later. */
export function end(): void {
  clearTimeout(timer);
  timer = window.setTimeout(leave, DRAWN_MS);
}

/** All has been drawn: a page that hangs cannot be left. */
export function leave(): void {
  keep('drawing', null);
  letGo?.();
  letGo = null;
}
