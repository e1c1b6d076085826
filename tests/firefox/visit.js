// A page of the built site in Firefox, driven over WebDriver BiDi, and its faults.

import { fileURLToPath } from 'node:url';
import { launch } from 'puppeteer-core';
import { preview } from 'vite';

export const WINDOW = { width: 1280, height: 1000 };

/** Serves dist/site on a free port. */
export async function serve() {
  const server = await preview({
    configFile: fileURLToPath(new URL('../../site/vite.config.js', import.meta.url)),
    preview: { host: '127.0.0.1', port: 0 },
    logLevel: 'warn',
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.httpServer.address());
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

export class Visit {
  /** Console errors and warnings, uncaught exceptions, requests that leave the host. @type {string[]} */
  faults = [];
  /** Requested paths, including the worker's. @type {string[]} */
  requested = [];

  /**
   * Opens the page in a Firefox of its own, with an empty cache.
   *
   * @param {string} url
   * @param {Record<string, unknown>} prefs  of Firefox, on top of Puppeteer's
   */
  static async open(url, prefs) {
    const browser = await launch({
      browser: 'firefox',
      executablePath: process.env.PYCONVLITE_FIREFOX ?? '/usr/bin/firefox-esr',
      extraPrefsFirefox: prefs,
      defaultViewport: WINDOW,
    });
    try {
      const visit = new Visit(browser, await browser.newPage());
      await visit.page.evaluateOnNewDocument(recordProgress);
      await visit.page.goto(url, { waitUntil: 'domcontentloaded' });
      return visit;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /**
   * @param {import('puppeteer-core').Browser} browser
   * @param {import('puppeteer-core').Page} page
   */
  constructor(browser, page) {
    this.browser = browser;
    this.page = page;
    page.on('console', (message) => {
      if (['error', 'warn'].includes(message.type())) this.faults.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.faults.push(`uncaught: ${error}`));
    page.on('request', (request) => {
      const { protocol, hostname, pathname } = new URL(request.url());
      this.requested.push(pathname);
      if (!['blob:', 'data:'].includes(protocol) && hostname !== '127.0.0.1') {
        this.faults.push(`left the host: ${request.url()}`);
      }
    });
  }

  close() {
    return this.browser.close();
  }

  /** The text of an element. @param {string} selector */
  text(selector) {
    return this.page.$eval(selector, (element) => element.textContent.trim());
  }

  /** Waits until an element has a text. @param {string} selector @param {string} text */
  async waitFor(selector, text) {
    await this.page.waitForFunction(
      (selector, text) => document.querySelector(selector)?.textContent.includes(text),
      { timeout: 60_000, polling: 100 },
      selector,
      text,
    );
  }

  /** Sets fields of the settings form by their names, as a visitor would. @param {Record<string, string>} settings */
  async choose(settings) {
    await this.page.$$eval('details', (all) => all.forEach((each) => (each.open = true)));
    for (const [name, value] of Object.entries(settings)) {
      const field = await this.page.$(`#settings [name=${name}]`);
      if (!field) throw new Error(`the settings have no field ${name}`);
      if (await field.evaluate((element) => element instanceof HTMLSelectElement)) await field.select(value);
      else {
        await field.click({ count: 3 }); // selects the contents, to type over them
        await field.type(value);
      }
    }
  }

  /** Draws with the mouse. @param {[number, number][]} stroke  on a square of 100 x 100, y down */
  async draw([first, ...rest]) {
    await this.page.click('#clear');
    const pad = await this.page.$('#pad');
    await pad?.scrollIntoView();
    const box = await pad?.boundingBox();
    if (!box) throw new Error('there is no drawing area');
    const place = (/** @type {[number, number]} */ [x, y]) =>
      /** @type {[number, number]} */ ([box.x + (x / 100) * box.width, box.y + (y / 100) * box.height]);
    const { mouse } = this.page;
    await mouse.move(...place(first));
    await mouse.down();
    for (const point of rest) await mouse.move(...place(point), { steps: 4 });
    await mouse.up();
  }

  /** All values of the progress bar. */
  progress() {
    return this.page.evaluate(() => /** @type {{value: number, max: number}[]} */ (Reflect.get(window, 'progress')));
  }
}

/** Runs in the page, before its own scripts. */
function recordProgress() {
  /** @type {{value: number, max: number}[]} */
  const seen = [];
  Reflect.set(window, 'progress', seen);
  addEventListener('DOMContentLoaded', () => {
    const bar = /** @type {HTMLProgressElement | null} */ (document.getElementById('progress'));
    if (!bar) return; // a frame within the page
    const observer = new MutationObserver(() => seen.push({ value: bar.value, max: bar.max }));
    observer.observe(bar, { attributeFilter: ['value', 'max'] });
  });
}
