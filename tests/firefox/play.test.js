// The playground in Firefox: programs run without a network and apart from the site, are stopped, and work offline.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { serve, Visit } from './visit.js';

// Attempts that an opaque origin and the policy must block.
const TRIES = `
import asyncio, js
from pyconvlite.backends import describe
from pyodide.ffi import can_run_sync, create_proxy, to_js

def options(**values):
    return to_js(values, dict_converter=js.Object.fromEntries)

def opened():
    answer = asyncio.get_event_loop().create_future()
    request = js.indexedDB.open("a")
    request.onsuccess = create_proxy(answer.set_result)
    request.onerror = create_proxy(lambda event: answer.set_exception(OSError()))
    return answer

async def attempt(what):
    try:
        return await what()
    except Exception:
        return "refused"

print(js.origin, js.isSecureContext, can_run_sync(), describe().backend, describe().threads_error)
for what in (
    lambda: js.fetch("OTHER", options(mode="no-cors")),
    lambda: js.fetch("OWN", options(mode="no-cors")),
    lambda: js.caches.open("a"),
    lambda: js.navigator.storage.getDirectory(),
    opened,
):
    print(await attempt(what))
`;

const PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('a line')\nplt.show()";

const SHOWN = `class A:
    def _repr_html_(self):
        return "<b style=color:red>x</b><iframe src='OTHER'></iframe><link rel=preconnect href='OTHER'>"
A()`;

describe('the playground in Firefox', () => {
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let site;
  let connections = 0;
  const other = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  before(async () => {
    site = await serve();
    await new Promise((done) => other.listen(0, '127.0.0.1', () => done(undefined)));
  });
  after(async () => {
    other.close();
    await site.close();
  });

  test('runs, stops and isolates programs, offline too', { timeout: 300_000 }, async () => {
    const visit = await Visit.open(`${site.url}play.html`, {});
    const { port } = /** @type {import('node:net').AddressInfo} */ (other.address());
    const named = (/** @type {string} */ code) =>
      code.replaceAll('OTHER', `http://127.0.0.1:${port}/`).replaceAll('OWN', site.url);
    try {
      await run(visit, named(TRIES));
      await visit.waitFor('#output', `null True True simd None\n${'refused\n'.repeat(5)}`.trim());
      await run(visit, PLOT);
      await visit.page.waitForSelector('#output img[alt="a line"]');
      await run(visit, named(SHOWN));
      const outer = await visit.page.waitForSelector('#output iframe').then((element) => element?.contentFrame());
      const inner = await outer?.waitForSelector('iframe').then((element) => element?.contentFrame());
      assert.ok(inner);
      await inner.waitForFunction(() => {
        const bold = document.querySelector('b');
        return bold && getComputedStyle(bold).color === 'rgb(255, 0, 0)';
      });
      assert.equal(connections, 0);

      // On a busy machine the next Python may still be loading when the program is stopped.
      let seconds = Infinity;
      for (let attempt = 0; attempt < 3 && seconds > 1; attempt++) seconds = await stop(visit);
      assert.ok(seconds < 1, `from Stop to the next Run: ${seconds.toFixed(2)} s`);

      await visit.waitFor('#offline', 'This site is stored in your browser');
      await site.close();
      await visit.page.reload();
      await run(visit, "from pyconvlite.datasets import MNIST\nprint(len(MNIST()), 'images')");
      await visit.waitFor('#output', '60000 images');
    } finally {
      await visit.close();
    }
  });
});

/** Runs a program that comes by a link. @param {Visit} visit @param {string} code @param {boolean} [ends]  whether to wait for its end */
async function run(visit, code, ends = true) {
  const link = `#code=${deflateSync(code).toString('base64url')}`;
  await visit.page.waitForSelector('#go[aria-disabled=false]', { timeout: 120_000 });
  await visit.page.evaluate((link) => location.assign(link), link);
  await visit.page.waitForFunction(() => location.hash === ''); // the editor has it
  await visit.page.click('#go');
  await visit.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  if (ends) await visit.page.waitForSelector('#go[aria-disabled=false]', { timeout: 120_000 });
}

/** Stops an endless program; returns how many seconds pass until the next can run. @param {Visit} visit */
async function stop(visit) {
  await run(visit, "print('on the way')\nwhile True: pass", false);
  await visit.waitFor('#output', 'on the way');
  await new Promise((done) => setTimeout(done, 10_000)); // the spare Python loads
  const began = performance.now();
  await visit.page.click('#stop');
  await visit.page.waitForSelector('#go[aria-disabled=false]', { timeout: 60_000 });
  return (performance.now() - began) / 1000;
}
