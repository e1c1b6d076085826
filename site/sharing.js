// What a link to a page shows where it is sent: its title and description, which each page has, and a picture.
//
// Others fetch the picture from anywhere, so it needs the whole address of the site: SITE_URL tells it, if it is known.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const PICTURE = 'share.png';

/**
 * The address of the site with a slash at its end; null if it is not known.
 *
 * @param {string | undefined} given
 */
export function siteAddress(given) {
  if (!given) return null;
  if (!/^https?:/.test(given) || !URL.canParse(given))
    throw new Error(`SITE_URL must be an address such as https://example.org/cnn/; got ${given}`);
  return new URL(given.replace(/\/*$/, '/')).href;
}

/**
 * The elements that a page's head has beside its title and description.
 *
 * @param {string | null} site
 * @param {string} file  the page's
 */
export function tags(site, file) {
  if (!site) return '';
  const address = new URL(file === 'index.html' ? '.' : file, site).href;
  return `<link rel="canonical" href="${address}" />
    <meta property="og:url" content="${address}" />
    <meta property="og:image" content="${new URL(PICTURE, site).href}" />
    <meta name="twitter:card" content="summary_large_image" />`;
}

/**
 * Puts the picture beside the pages.
 *
 * @param {string} source  the site's folder
 * @param {string | null} site
 * @returns {import('vite').Plugin}
 */
export const sharing = (source, site) => ({
  name: 'sharing',
  buildStart() {
    if (site)
      this.emitFile({ type: 'asset', fileName: PICTURE, source: readFileSync(resolve(source, 'src', PICTURE)) });
  },
});
