// The pages of the site: each is a component, prerendered once in each language, so that reading one needs no script.
//
// `learn.html` and `learn.ja.html` come from src/pages/learn.svelte, `lesson-sum.html` from src/lessons/2-sum/Page.svelte.
// In the browser app/start.ts brings them to life.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { createServer } from 'vite';
import { computeAll, firstValues } from './first.js';
import { policy } from './policy.js';
import { sharing, siteAddress, tags } from './sharing.js';

const source = import.meta.dirname;

/** The component of each page. @type {Record<string, string>} */
const found = Object.fromEntries([
  ...readdirSync(resolve(source, 'src/pages')).map((file) => [basename(file, '.svelte'), `/src/pages/${file}`]),
  ...readdirSync(resolve(source, 'src/lessons'))
    .filter((folder) => /^\d+-/.test(folder))
    .map((folder) => [folder.replace(/^\d+/, 'lesson'), `/src/lessons/${folder}/Page.svelte`]),
]);
const names = Object.keys(found);

const site = siteAddress(process.env.SITE_URL);

/** Runs before the first paint. */
const script = readFileSync(resolve(source, 'src/app/first-paint.js'), 'utf8');

/** Prerenders the pages. @type {import('vite').ViteDevServer} */
let server;

const ENTRY = 'virtual:page/';

/** A line's end within Japanese text or after its punctuation, which browsers would show as a space. */
const BREAK =
  /(?<=[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef])\n\s*(?=[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef])|(?<=[、。])\n\s*(?=[^\s<{]|[<{](?!\/))/g;

/** @returns {import('vite').Plugin[]} */
export const components = () => [
  ...svelte({
    configFile: false,
    preprocess: { markup: ({ content }) => ({ code: content.replace(BREAK, '') }) },
    compilerOptions: { cssHash: ({ hash, css }) => `s-${hash(css)}` }, // the same for the server's code as for the browser's
  }),
  firstValues(() => server),
];

/** @param {string} name @param {string} language */
const fileOf = (name, language) => (language === 'en' ? `${name}.html` : `${name}.${language}.html`);

/**
 * @param {string} name
 * @param {'en' | 'ja'} language
 * @param {{head: string, body: string}} rendered
 */
const html = (name, language, { head, body }) => `<!doctype html>
<html lang="${language}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <link rel="alternate" hreflang="en" href="./${fileOf(name, 'en')}" />
    <link rel="alternate" hreflang="ja" href="./${fileOf(name, 'ja')}" />
    <link rel="icon" href="./src/icon.svg" type="image/svg+xml" />
    ${tags(site, fileOf(name, language))}
    ${head}
    <script type="module" src="${ENTRY}${name}"></script>
  </head>
  <body>${body}</body>
</html>
`;

/** The files of the pages, to be built. */
export const inputs = names.flatMap((name) => ['en', 'ja'].map((language) => resolve(source, fileOf(name, language))));

/**
 * Answers for the pages' files, which are in no folder.
 *
 * @param {() => import('vite').Plugin[]} plugins  that the components' imports need
 * @returns {import('vite').Plugin[]}
 */
export const pages = (plugins) => [files(plugins), firstPaint, guard, sharing(source, site)];

/** @type {import('vite').Plugin} */
const firstPaint = {
  name: 'first-paint',
  transformIndexHtml: { order: 'post', handler: () => [{ tag: 'script', children: script, injectTo: 'head' }] },
};

/** @type {import('vite').Plugin} */
const guard = {
  name: 'policy',
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
};

/** @param {() => import('vite').Plugin[]} plugins @returns {import('vite').Plugin} */
function files(plugins) {
  const rendered = async (/** @type {string} */ file) => {
    const [name, language = 'en'] = /** @type {[string, ('en' | 'ja')?]} */ (basename(file, '.html').split('.'));
    const { prerender } = await server.ssrLoadModule('/src/app/prerender.ts');
    const { default: page } = await server.ssrLoadModule(found[name]);
    return html(name, language, prerender(page, language));
  };
  return {
    name: 'pages',
    enforce: 'pre',
    async buildStart() {
      if (server) return; // the development server, which computes what is requested
      server = await createServer({
        root: source,
        configFile: false,
        logLevel: 'warn',
        appType: 'custom',
        plugins: [...components(), ...plugins()],
        server: { middlewareMode: true, ws: false, watch: null },
        optimizeDeps: { noDiscovery: true },
      });
      await computeAll(server);
      // One after the other: Vite lets each module be waited for a minute, too little where a busy machine makes all at once.
      for (const component of Object.values(found)) await server.ssrLoadModule(component);
    },
    closeBundle: () => server.close(),
    configureServer(own) {
      server = own;
      own.middlewares.use(async (request, response, next) => {
        const path = new URL(request.url ?? '/', 'http://localhost').pathname.replace(/\/$/, '/index.html');
        if (!inputs.includes(resolve(source, `.${path}`))) return next();
        const page = await rendered(path);
        response.setHeader('Content-Type', 'text/html').end(await own.transformIndexHtml(path, page));
      });
    },
    resolveId: (id) => (id.startsWith(ENTRY) ? `\0${id}` : inputs.includes(id) ? id : undefined),
    load(id) {
      if (id.startsWith(`\0${ENTRY}`)) {
        const name = id.slice(ENTRY.length + 1);
        return `import Page from '${found[name]}'; import { start } from '/src/app/start.ts'; start('${name}', Page);`;
      }
      return inputs.includes(id) ? rendered(id) : undefined;
    },
  };
}
