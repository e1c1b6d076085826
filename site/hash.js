// SHA-256, by which browsers and the service worker know what a file or a script is.

import { createHash } from 'node:crypto';

/** @param {string | Uint8Array} content @param {'hex' | 'base64'} encoding */
export const sha256 = (content, encoding) => createHash('sha256').update(content).digest(encoding);

/** An inline script or style, as a policy names it. @param {string} text */
export const sourceHash = (text) => `'sha256-${sha256(text, 'base64')}'`;
