// 404.html, which hosts show where there is no file, and the preview does, too. It may be shown in any folder, so it has
// its style in itself and looks for the site's folder.

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { sourceHash } from './hash.js';

const FILE = '404.html';

const STYLE = `
  :root { color-scheme: light dark; }
  body {
    display: grid; gap: 3rem; max-inline-size: 36rem; margin: 15vh auto 3rem; padding-inline: 1.25rem;
    font: 1.0625rem / 1.6 'Plex Sans', system-ui, 'Hiragino Sans', 'Noto Sans JP', sans-serif;
    background: light-dark(#f5f4f0, #131417); color: light-dark(#1d1e22, #ebe9e3);
  }
  h1, h2 { margin: 0; font-size: 1.75rem; font-weight: 600; line-height: 1.25; }
  ul { display: flex; flex-wrap: wrap; gap: 0.75rem 2rem; margin: 0; padding: 0; list-style: none; }
  a { color: light-dark(#2f4bd8, #9db0ff); font-weight: 600; }
`;

// The first folder on the way up that has the lessons is the site's.
const SCRIPT = `
  const lead = async () => {
    for (let folder = new URL('./', location.href); ; folder = new URL('../', folder)) {
      const answer = await fetch(new URL('learn.html', folder), { method: 'HEAD' });
      if (answer.ok) {
        for (const link of document.querySelectorAll('a')) link.href = new URL(link.getAttribute('href'), folder);
        return;
      }
      if (folder.pathname === '/') return;
    }
  };
  lead().catch(() => {});
`;

const POLICY = `default-src 'none'; script-src ${sourceHash(SCRIPT)}; style-src ${sourceHash(STYLE)}; connect-src 'self'; base-uri 'none'; form-action 'none'`;

const HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>pyconvlite: page not found / ページが見つかりません</title>
    <style>${STYLE}</style>
  </head>
  <body>
    <main>
      <h1>Page not found</h1>
      <p>There is no page at this address.</p>
      <ul>
        <li><a href="./">Start: train a network</a></li>
        <li><a href="learn.html">Lessons</a></li>
      </ul>
    </main>
    <section lang="ja" aria-labelledby="ja">
      <h2 id="ja">ページが見つかりません</h2>
      <p>このアドレスにページはありません。</p>
      <ul>
        <li><a href="index.ja.html">はじめに: ネットワークを学習させる</a></li>
        <li><a href="learn.ja.html">レッスン</a></li>
      </ul>
    </section>
    <script>${SCRIPT}</script>
  </body>
</html>
`;

/**
 * @param {string} output  the folder of the site
 * @returns {import('vite').Plugin}
 */
export const notFound = (output) => ({
  name: 'not-found',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: FILE, source: HTML });
  },
  configurePreviewServer:
    ({ middlewares }) =>
    () => {
      middlewares.use((request, response, next) => {
        const { pathname } = new URL(request.url ?? '/', 'http://localhost');
        if (existsSync(resolve(output, `.${pathname}`))) return next();
        response.writeHead(404, { 'Content-Type': 'text/html' }).end(readFileSync(resolve(output, FILE)));
      });
    },
});
