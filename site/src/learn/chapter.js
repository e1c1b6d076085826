// What the chapters share: one Python for all figures of a page, which starts and computes once a figure is near.

import { Runner } from '../engine/runner.js';
import { faultOf } from '../fault.js';
import { showLanguage, texts } from '../language.js';
import { message } from '../message.js';
import { Store } from '../store.js';
import { byId, guardButtons, loadingText } from '../views/dom.js';
import { drawFault, onFaultButtons } from '../views/fault.js';
import { drawVersions } from '../views/versions.js';

/**
 * @typedef {object} ChapterState
 * @property {boolean} starts  whether Python was asked for
 * @property {import('../engine/downloads.js').Progress | null} progress
 * @property {import('../engine/python.js').Versions | null} versions
 * @property {Error | null} error  that kept Python from starting
 */

const text = texts(
  { starting: 'Python is starting; the figures then answer.' },
  { starting: 'Python を起動しています。起動が終わると図が動きます。' },
);

/** @type {Store<ChapterState>} */
const state = new Store(/** @type {ChapterState} */ ({ starts: false, progress: null, versions: null, error: null }));

const python = new Runner(new URL('./', document.baseURI).href, {
  onProgress: (progress) => state.set({ progress }),
  onReady(versions) {
    state.set({ versions, error: null });
    if (hasFailed) met.forEach((update) => update());
    hasFailed = false;
  },
  onGone() {
    if (!state.state.versions) return; // it never ran: load() tells
    state.set({ versions: null });
    load(); // another one stands ready for the next program
  },
});

/** Whether Python did not start when it was asked to. */
let hasFailed = false;

/** What draws each of the figures that were near. @type {Set<() => void>} */
const met = new Set();

/**
 * Has a figure drawn by Python once it is near, and again when a new Python stands in for one that did not start.
 *
 * @param {Element} place
 * @param {() => void} update
 */
export function whenNear(place, update) {
  const near = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      near.disconnect();
      met.add(update);
      load().then((runs) => runs && update());
    },
    { rootMargin: '50% 0px' },
  );
  near.observe(place);
}

/** Starts Python, unless it runs or starts already. Whether it runs. */
async function load() {
  if (!state.state.versions) state.set({ starts: true, progress: null, error: null });
  try {
    await python.load();
    return true;
  } catch (error) {
    hasFailed = true;
    state.set({ error: /** @type {Error} */ (error) });
    return false;
  }
}

/** When Python has done what was asked of it so far. @type {Promise<unknown>} */
let idle = Promise.resolve();

/**
 * Runs a program after all that were there before it: its time counts from its own start.
 *
 * @type {Runner['run']}
 */
export function run(request, options) {
  const outcome = idle.then(() => python.run(request, options));
  idle = outcome.catch(() => {});
  return outcome;
}

/** Ends the program that runs; the next one finds a new Python. */
export const stop = () => python.stop(message('stopped'));

/**
 * Starts the page.
 *
 * @param {(() => void)[]} lessons  what builds each, one after the other, so that the page answers in between
 */
export function startChapter(...lessons) {
  showLanguage();
  guardButtons();
  onFaultButtons({
    retry: load,
    dismiss: () => {},
  });
  state.show(({ starts, progress, versions, error }) => {
    drawVersions(versions);
    drawFault(error && faultOf(error, false), false);
    const isComing = starts && !versions && !error;
    byId('python').textContent = !isComing ? '' : progress ? loadingText('Python', progress) : text().starting;
  });
  build(lessons);
}

/** @param {(() => void)[]} lessons */
function build([first, ...others]) {
  first();
  if (others.length) setTimeout(() => build(others));
}
