// The page in Firefox: it loads, trains and reads a drawing, with JSPI and without.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { serve, Visit, WINDOW } from './visit.js';

const MOST_THREADS = 4;
const JSPI = 'javascript.options.wasm_js_promise_integration';

/** @type {Awaited<ReturnType<typeof serve>>} */
let site;
before(async () => (site = await serve()));
after(() => site.close());

// Each in a Firefox of its own, beside the other: both mostly wait for their one worker.
describe('the page in Firefox', { concurrency: true }, () => {
  for (const jspi of [true, false]) {
    test(`loads, trains and reads a drawing ${jspi ? 'with' : 'without'} JSPI`, { timeout: 300_000 }, async () => {
      const visit = await Visit.open(site.url, { [JSPI]: jspi });
      try {
        await loads(visit);
        assert.equal(await visit.page.evaluate(() => 'Suspending' in WebAssembly), jspi);
        await trains(visit);
        if (jspi) await fitsAPhone(visit);
        await readsADrawing(visit);
        await comesBack(visit);
        if (jspi) await comesBackFromElsewhere(visit, `${site.url}docs/index.html`);
        assert.deepEqual(visit.faults, []);
      } finally {
        await visit.close();
      }
    });
  }
});

/** @param {Visit} visit */
async function loads(visit) {
  await visit.waitFor('#go', 'Train');
  assert.match(await visit.text('#versions'), /Running Pyodide 314\.0\.3, Python 3\.14/);
  const shown = await visit.progress();
  const total = shown[shown.length - 1].max;
  const loading = shown.filter(({ value, max }) => max > 15e6 && value > 0 && value < max);
  assert.ok(loading.length > 10, `the bar showed ${loading.length} steps of the download: ${total}`);
  assert.ok(visit.requested.includes('/pyodide/pyodide.asm.wasm'), 'the requests of the worker are watched');
}

/** A short run of the fastest model. @param {Visit} visit */
async function trains(visit) {
  await visit.choose({ model: 'MLP', images: '10000', batchSize: '100' });
  await visit.page.click('#go');
  await visit.waitFor('#notice', 'Test accuracy');
  assert.equal(await visit.text('#model-hint'), 'MLP, trained on 10,000 images.');
  const accuracy = parseFloat(await visit.text('#test-accuracy'));
  assert.ok(accuracy > 85, `the test accuracy is ${accuracy} %`);
  assert.ok(Math.abs(parseFloat(await visit.text('#r-test')) - accuracy) < 0.1, 'both places say the same');
  const cores = Math.min(await visit.page.evaluate(() => navigator.hardwareConcurrency), MOST_THREADS);
  if (cores > 1)
    assert.match(await visit.text('#kernels'), new RegExp(` on ${cores} cores\\.$`), 'no thread has ended');
}

/** Also with the gradients of nine layers. @param {Visit} visit */
async function fitsAPhone(visit) {
  await visit.page.setViewport({ width: 360, height: 740 });
  const widths = await visit.page.$eval('#gradient-legend', (legend) => {
    const more = Array.from({ length: 2 }, () => [...legend.children].map((each) => each.cloneNode(true))).flat();
    legend.append(...more);
    const widths = [document.documentElement.scrollWidth, document.documentElement.clientWidth];
    for (const each of more) legend.removeChild(each);
    return widths;
  });
  assert.equal(widths[0], widths[1]);
  await visit.page.setViewport(WINDOW);
}

/** Goes to another page and back, without a new document. @param {Visit} visit */
async function comesBack(visit) {
  await visit.page.evaluate(() => Object.assign(window, { isSame: true }));
  await visit.page.click('nav a[href*=learn]');
  await visit.page.waitForSelector('#lessons');
  await visit.page.evaluate(() => history.back());
  await visit.waitFor('#notice', 'Ready, with the model from your last visit.');
  assert.ok(await visit.page.evaluate(() => 'isSame' in window));
}

/**
 * To a document that is no page of the site's: Python's memory is not kept until the way back, which loads the page anew.
 *
 * @param {Visit} visit
 * @param {string} elsewhere
 */
async function comesBackFromElsewhere(visit, elsewhere) {
  await visit.page.goto(elsewhere);
  await visit.page.evaluate(() => history.back());
  await visit.page.waitForFunction(() => document.querySelector('#go') && !('isSame' in window), { polling: 100 });
  await visit.waitFor('#notice', 'Ready, with the model from your last visit.');
}

/** @param {Visit} visit */
async function readsADrawing(visit) {
  await visit.draw([
    [54, 16],
    [52, 40],
    [49, 64],
    [47, 84],
  ]);
  await visit.waitFor('#seen-caption', 'your drawing, centered and scaled like MNIST’s digits. It reads a 1.');
  const shares = await visit.page.$$eval('#classes tbody td', (all) => all.map((e) => parseFloat(e.textContent)));
  assert.equal(shares.indexOf(Math.max(...shares)), 1);
  const sum = shares.reduce((sum, share) => sum + share, 0);
  assert.ok(Math.abs(sum - 100) < 1, `the ten probabilities sum to ${sum} %`);
}
