// What all pages share, put in when the site is built: header, footer, place for faults, the language before the first
// paint, what keeps the site for visits without a network, and the policy that tells the browser what a page may do.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';

/** @param {string} name */
const part = (name) => readFileSync(resolve(import.meta.dirname, 'frame', name), 'utf8');

/** A line's end within Japanese text or after its punctuation, which browsers would show as a space. */
const BREAK =
  /(?<=[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef])\n\s*(?=[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef])|(?<=[、。])\n\s*(?=<(?!\/))/g;

/** Pages run the site's own files only; nothing that comes from a user, a link or Python's output becomes a script. */
const policy = (/** @type {string} */ script) =>
  Object.entries({
    'default-src': "'none'",
    'script-src': `'self' 'wasm-unsafe-eval' 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    'style-src': "'self'",
    'img-src': "'self' data: blob:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'frame-src': "'self'", // what starts isolated workers, and a sandboxed frame for HTML that Python shows
    'worker-src': "'self'", // the service worker; the others belong to engine/isolation.html
    'manifest-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
  })
    .map((entry) => entry.join(' '))
    .join('; ');

/**
 * Replaces `<!-- masthead -->`, `<!-- fault -->`, `<!-- chapters -->`, `<!-- charts -->`, `<!-- inspect -->` and
 * `<!-- footer -->` by the parts in frame/.
 *
 * @returns {import('vite').Plugin[]}
 */
export function frame() {
  const script = part('first-paint.js');
  return [
    {
      name: 'frame',
      transformIndexHtml: {
        order: 'pre',
        handler(html, { filename }) {
          const page = basename(filename, '.html');
          const link = page === 'index' ? './' : `./${page.split('-')[0]}.html`; // learn-55 is one of learn's
          const parts = {
            masthead: part('masthead.html').replace(`<a href="${link}"`, '$& aria-current="page"'),
            fault: part('fault.html'),
            footer: part('footer.html'),
            charts: part('charts.html'),
            inspect: part('inspect.html'),
            chapters: part('chapters.html').replace(`<a href="./${page}.html"`, '$& aria-current="page"'),
          };
          for (const [name, text] of Object.entries(parts)) html = html.replace(`<!-- ${name} -->`, text);
          html = html.replace('</head>', `<script type="module" src="./src/offline.js"></script></head>`);
          return html.replace(BREAK, '');
        },
      },
    },
    {
      name: 'frame-policy',
      apply: 'build', // the development server puts its own scripts and styles into the page
      transformIndexHtml: {
        order: 'post',
        handler: () => [
          {
            tag: 'meta',
            attrs: { 'http-equiv': 'Content-Security-Policy', content: policy(script) },
            injectTo: 'head-prepend',
          },
        ],
      },
    },
    {
      name: 'frame-language',
      transformIndexHtml: {
        order: 'post',
        handler: () => [{ tag: 'script', children: script, injectTo: 'head' }],
      },
    },
  ];
}
