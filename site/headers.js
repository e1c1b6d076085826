// What a host should send with every file of the site, as files for hosts: `_headers` (Netlify, Cloudflare Pages), and
// nginx-headers.conf, to be included in a `server` or `location` of nginx.
//
// Each page has a policy of its own, stricter than this one. A host's holds for what has none: workers of the notebooks,
// pages for errors, files that are opened by themselves.

import { policyOf } from './policy.js';
import { ISOLATION } from './src/isolation-headers.js';

const POLICY = policyOf({
  'default-src': "'none'",
  // data:, blob: see isolation.html; the others: the notebooks
  'script-src': "'self' data: blob: 'unsafe-inline' 'unsafe-eval'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data: blob:",
  'font-src': "'self' data:",
  'connect-src': "'self'",
  'frame-src': "'self'",
  'worker-src': "'self' data: blob:", // data:, blob: see isolation.ts; blob: the threads of the notebooks' kernels
  'manifest-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'self'", // the documentation's search
});

const HEADERS = Object.entries({
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'cross-origin', // pages that are isolated themselves may embed, too
  ...ISOLATION,
});

const EMBEDDING = 'Uncomment the next line to keep other sites from showing this one in a frame.';
const EMBEDDED = ['Content-Security-Policy', "frame-ancestors 'self'"];

/** @param {string[]} header */
const forFile = ([name, value]) => `  ${name}: ${value}`;

/** @param {string[]} header */
const forNginx = ([name, value]) => `add_header ${name} "${value}" always;`;

/** @returns {import('vite').Plugin} */
export function headers() {
  /** @param {string[]} lines */
  const text = (...lines) => `${lines.join('\n')}\n`;
  return {
    name: 'headers',
    apply: 'build',
    generateBundle() {
      const file = text('/*', ...HEADERS.map(forFile), `  # ${EMBEDDING}`, `#${forFile(EMBEDDED)}`);
      const nginx = text(...HEADERS.map(forNginx), `# ${EMBEDDING}`, `# ${forNginx(EMBEDDED)}`);
      this.emitFile({ type: 'asset', fileName: '_headers', source: file });
      this.emitFile({ type: 'asset', fileName: 'nginx-headers.conf', source: nginx });
    },
  };
}
