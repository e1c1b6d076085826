// What the browser lets a page do.

import { sourceHash } from './hash.js';

/** A Content-Security-Policy of directives, each with its sources. @param {Record<string, string>} directives */
export const policyOf = (directives) =>
  Object.entries(directives)
    .map((entry) => entry.join(' '))
    .join('; ');

/** Pages run the site's own files only; nothing that comes from a user, a link or Python's output becomes a script. */
export const policy = (/** @type {string} */ script) =>
  policyOf({
    'default-src': "'none'",
    'script-src': `'self' 'wasm-unsafe-eval' ${sourceHash(script)}`,
    'style-src': "'self'",
    'img-src': "'self' data: blob:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'frame-src': "'self'", // what starts isolated workers, and a sandboxed frame for HTML that Python shows
    'worker-src': "'self'", // the service worker; the others belong to engine/isolation.html
    'manifest-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
  });
