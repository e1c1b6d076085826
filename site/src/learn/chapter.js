// What the chapters share: one Python for all figures of a page, and how far it is.

import { Runner } from '../engine/runner.js';
import { faultOf } from '../fault.js';
import { showLanguage, texts } from '../language.js';
import { Store } from '../store.js';
import { byId, guardButtons, loadingText } from '../views/dom.js';
import { drawFault, onFaultButtons } from '../views/fault.js';
import { drawVersions } from '../views/versions.js';

/**
 * @typedef {object} ChapterState
 * @property {import('../engine/downloads.js').Progress | null} progress
 * @property {import('../engine/python.js').Versions | null} versions
 * @property {Error | null} error  that kept Python from starting
 */

const text = texts(
  { starting: 'Python is starting; the figures then answer.' },
  { starting: 'Python を起動しています。起動が終わると図が動きます。' },
);

/** @type {Store<ChapterState>} */
const state = new Store(/** @type {ChapterState} */ ({ progress: null, versions: null, error: null }));

/** The Python of the page. */
export const python = new Runner(new URL('./', document.baseURI).href, {
  onProgress: (progress) => state.set({ progress }),
  onReady: (versions) => state.set({ versions, error: null }),
});

/** @type {Set<() => void>} */
const figures = new Set();

/** Has a figure drawn anew whenever a new Python stands in for one that did not start. @param {() => void} update */
export function onPython(update) {
  figures.add(update);
}

/** Starts the page; its figures wait for Python by themselves. */
export function startChapter() {
  showLanguage();
  guardButtons();
  const load = () => python.load().then(
    () => figures.forEach((update) => update()),
    (error) => state.set({ error, progress: null }),
  );
  onFaultButtons({
    retry: () => {
      state.set({ error: null });
      load();
    },
    dismiss: () => {},
  });
  state.show(({ progress, versions, error }) => {
    drawVersions(versions);
    drawFault(error && faultOf(error, false), false);
    byId('python').textContent = versions || error ? '' : progress ? loadingText('Python', progress) : text().starting;
  });
  load();
}
