// HTML that a program shows, in a frame of its own.

import { texts } from '../language.js';
import { make } from '../views/dom.js';
import frame from './frame.html?url';

/** @typedef {import('../engine/runner.worker.js').Html} Html */

const MOST_HEIGHT = 640; // pixels of a frame, which scrolls beyond
const MOST_LETTERS = 100_000; // beyond either limit the browser is busy for seconds, and the page with it
const MOST_DEPTH = 250; // elements inside one another
const VOID = /^(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/i; // they hold nothing

const text = texts(
  {
    html: 'HTML that the program shows',
    large: 'HTML that is too long, or too deeply nested, to be shown.',
  },
  {
    html: 'プログラムが表示した HTML',
    large: 'HTML が長すぎるか、入れ子が深すぎるため、表示できません。',
  },
);

/** What navigates: browsers connect to the host of a frame or a link before they ask the policy. */
const NAVIGATING = 'animate, base, embed, fencedframe, frame, iframe, link, meta, object, script, set';

/**
 * The frame's sandbox runs no script, opens no window and sends no form; its document forbids all that is not inside it.
 * It is of our origin only so that its height can be read. Frames within it are left out, and links lead nowhere.
 *
 * @param {Html} html
 */
export function makeFrame({ html }) {
  if (html.length > MOST_LETTERS || depth(html) > MOST_DEPTH) {
    return make('p', { className: 'said', textContent: text().large });
  }
  const element = make('iframe', { title: text().html, src: frame });
  element.sandbox.add('allow-same-origin');
  element.addEventListener(
    'load',
    () => {
      const page = element.contentDocument;
      if (!page) return;
      const { body, documentElement } = page; // what comes may take these names for its own
      body.replaceChildren(harmless(html, page));
      const fit = () =>
        element.style.setProperty('block-size', `${Math.min(documentElement.scrollHeight, MOST_HEIGHT)}px`);
      fit();
      new ResizeObserver(fit).observe(body);
    },
    { once: true },
  );
  return make('div', { className: 'shown' }, element);
}

/** @param {string} html @param {Document} page  that it will stand in */
function harmless(html, page) {
  const template = page.createElement('template'); // what is in one loads nothing
  template.innerHTML = html;
  const { content } = template;
  for (const element of content.querySelectorAll(NAVIGATING)) element.remove();
  for (const element of content.querySelectorAll('*')) {
    for (const { name, localName, value } of [...element.attributes]) {
      if (localName.endsWith('href') && !/^(#|data:image\/)/.test(value)) element.removeAttribute(name);
    }
  }
  return content;
}

/** How deep its elements lie inside one another; those that are never closed count too. @param {string} html */
function depth(html) {
  let now = 0;
  let most = 0;
  for (const [, end, name] of html.matchAll(/<(\/?)([a-z]\w*)/gi)) {
    if (VOID.test(name)) continue;
    now = Math.max(0, now + (end ? -1 : 1));
    most = Math.max(most, now);
  }
  return most;
}
