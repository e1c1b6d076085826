// Whether the browser gets over drawing what programs show. It may hang or die there, and would again in each visit if that
// was kept and shown.

import { keep, kept } from './kept';

const DRAWN_MS = 2000; // after the last thing was shown

let timer = 0;

/** Whether it did not get over what was shown last. */
export const hasFailed = (): boolean => kept('drawing') !== null;

/** From now on things are shown. */
export function begin(): void {
  clearTimeout(timer);
  keep('drawing', 'yes');
}

/** All is shown, and drawn a while later. */
export function end(): void {
  clearTimeout(timer);
  timer = window.setTimeout(leave, DRAWN_MS);
}

/** All has been drawn: a page that hangs cannot be left. */
export const leave = (): boolean => keep('drawing', null);
