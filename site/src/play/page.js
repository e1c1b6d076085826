// The page of the playground: the editor, the buttons, and what is kept between visits.

import { onLanguage, showLanguage, texts } from '../language.js';
import { announce, byId, guardButtons, loadingText, make, setEnabled } from '../views/dom.js';
import { Editor } from '../views/editor.js';
import { drawFault, onFaultButtons } from '../views/fault.js';
import { drawVersions } from '../views/versions.js';
import { completion } from './completion.js';
import { examples } from './examples.js';
import { keep, kept } from './kept.js';
import { Output } from './output.js';
import { Playground } from './playground.js';
import { LinkError, linkTo, programOf } from './share.js';

/** @typedef {import('./playground.js').PlayState} PlayState */

const text = texts(
  {
    editor: 'Program in Python',
    run: 'Run',
    loading: 'Loading …',
    running: 'Running …',
    came: 'This program came with a link. Read it, then run it if you trust it.',
    example: 'This is an example.',
    copied: 'The link is copied.',
    notCopied: 'Copy the link below.',
    long: (/** @type {number} */ size) =>
      `The program is too long for a link: ${size} characters, of which ${LinkError.most} arrive everywhere.`,
    linkLong: 'The link holds more than a program may have; your own program stands here instead.',
    linkDamaged: 'The link is damaged, perhaps cut off on its way; your own program stands here instead.',
    full: 'The browser’s storage is full or switched off: the program and its output will not be here after a reload.',
    outputFull:
      'The output is too large for the browser’s storage: after a reload the program will be here without it.',
  },
  {
    editor: 'Python のプログラム',
    run: '実行',
    loading: '読み込み中 …',
    running: '実行中 …',
    came: 'このプログラムはリンクから開かれました。内容を確認し、信頼できる場合だけ実行してください。',
    example: 'これは例です。',
    copied: 'リンクをコピーしました。',
    notCopied: '下のリンクをコピーしてください。',
    long: (size) =>
      `プログラムが長すぎてリンクにできません(${size} 文字。確実に届くのは ${LinkError.most} 文字までです)。`,
    linkLong: 'リンクに含まれるプログラムが大きすぎます。代わりに自分のプログラムを表示しています。',
    linkDamaged: 'リンクが壊れています(途中で切れたのかもしれません)。代わりに自分のプログラムを表示しています。',
    full: 'ブラウザの保存領域が一杯か、無効になっています。再読み込みすると、プログラムと出力は失われます。',
    outputFull: '出力が大きすぎて保存できません。再読み込み後に残るのはプログラムだけです。',
  },
);

const KEEP_MS = 300; // after the last change

const output = new Output(byId('output'), (line) => editor.goTo(line));
const playground = new Playground(new URL('./', document.baseURI).href, output);
const editor = new Editor(byId('editor'), {
  code: kept('code') ?? examples()[0].code,
  label: () => text().editor,
  onChange: keepSoon,
  onRun: run,
  extensions: [completion((code, position) => playground.complete(code, position))],
});

/** A box above the editor, and what it says in the visitor's language. @typedef {{id: string, says: () => string}} Box */
/** @type {Box} */
const came = { id: 'came', says: () => '' };
/** @type {Box} */
const shared = { id: 'shared', says: () => '' };

/** Shows a box. @param {Box} box @param {() => string} says */
function tell(box, says) {
  box.says = says;
  byId(box.id).hidden = false;
  byId(`${box.id}-text`).textContent = says();
}

/** @param {() => string} notice */
const say = (notice) => playground.set({ notice });

// ------------------------------------------------------------------------------------------------ what is kept

let timer = 0;

function keepSoon() {
  clearTimeout(timer);
  timer = setTimeout(keepCode, KEEP_MS);
}

function keepCode() {
  clearTimeout(timer);
  if (!keep('code', editor.code)) say(() => text().full);
}

async function keepOutput() {
  if (keep('output', await output.packed())) return;
  keep('output', null);
  say(keep('code', editor.code) ? () => text().outputFull : () => text().full);
}

/** Puts another program in the place of the visitor's, which stays at hand. @param {string} code @param {() => string} why */
function replace(code, why) {
  const own = editor.code;
  if (own.trim() && own !== code && !examples().some((example) => example.code === own)) keep('former', own);
  editor.code = code;
  keepCode();
  byId('shared').hidden = true;
  showFormer(why);
}

/** @param {() => string} why */
function showFormer(why) {
  byId('back').hidden = kept('former') === null;
  tell(came, why);
}

function goBack() {
  const former = kept('former');
  if (former === null) return;
  editor.code = former;
  keep('former', null);
  keepCode();
  byId('came').hidden = true;
  editor.focus();
}

// ---------------------------------------------------------------------------------------------------- the actions

async function run() {
  if (playground.state.phase !== 'idle') return;
  keepCode();
  await playground.run(editor.code);
  await keepOutput();
}

/** @param {Event} event */
async function enter(event) {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (byId('entry'));
  const line = field.value;
  if (!line.trim() || playground.state.phase !== 'idle') return;
  field.value = '';
  await playground.enter(line);
  await keepOutput();
}

async function share() {
  const field = /** @type {HTMLInputElement} */ (byId('link'));
  try {
    field.value = await linkTo(editor.code);
  } catch (error) {
    const { size } = /** @type {LinkError} */ (error);
    field.hidden = true;
    tell(shared, () => text().long(size));
    return;
  }
  field.hidden = false;
  byId('shared').hidden = false;
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    tell(shared, () => text().copied);
  } catch {
    tell(shared, () => text().notCopied); // the browser gives nothing to the clipboard
  }
}

/** Shows the program that the page's address carries. */
async function openLink() {
  const { hash } = location;
  try {
    const code = await programOf(hash);
    if (code === null) return;
    replace(code, () => text().came);
  } catch (error) {
    const { reason } = /** @type {LinkError} */ (error);
    showFormer(() => (reason === 'long' ? text().linkLong : text().linkDamaged));
    byId('back').hidden = true;
  }
  history.replaceState(null, '', location.pathname + location.search); // a reload shows what became of it
}

function listExamples() {
  const menu = byId('examples');
  const rows = examples().map(({ title, code }) => {
    const button = make('button', { type: 'button', textContent: title });
    button.addEventListener('click', () => {
      menu.hidePopover();
      replace(code, () => text().example);
      editor.focus();
    });
    return make('li', {}, button);
  });
  byId('example-list').replaceChildren(...rows);
}

// ------------------------------------------------------------------------------------------------------ the page

/** @param {Readonly<PlayState>} state */
function draw({ phase, progress, loads, versions, notice, fault, line }) {
  byId('go').textContent = phase === 'running' ? text().running : phase === 'loading' ? text().loading : text().run;
  setEnabled('go', phase === 'idle');
  setEnabled('enter', phase === 'idle');
  setEnabled('stop', phase === 'running');
  const bar = /** @type {HTMLProgressElement} */ (byId('progress'));
  [bar.value, bar.max] = progress ? [progress.loaded, progress.total] : [0, 1];
  bar.classList.toggle('idle', !progress);
  byId('notice').textContent = progress ? loadingText(loads, progress) : notice();
  announce(notice()); // not each step of a download
  byId('empty').hidden = !output.isEmpty;
  drawVersions(versions);
  drawFault(fault, false);
  editor.mark(line);
}

showLanguage();
guardButtons();
onLanguage(() => {
  editor.relabel();
  listExamples();
  for (const { id, says } of [came, shared]) byId(`${id}-text`).textContent = says();
});
byId('go').addEventListener('click', run);
byId('stop').addEventListener('click', () => playground.stop());
byId('share').addEventListener('click', share);
byId('back').addEventListener('click', goBack);
byId('clear').addEventListener('click', () => {
  output.clear();
  keep('output', null);
  byId('empty').hidden = false;
});
byId('entry-form').addEventListener('submit', enter);
addEventListener('hashchange', openLink);
addEventListener('pagehide', keepCode);
onFaultButtons({ retry: () => playground.start(), dismiss: () => {} });
playground.show(draw);
const before = kept('output');
if (before)
  output
    .unpack(before)
    .catch(() => keep('output', null))
    .then(() => (byId('empty').hidden = !output.isEmpty));
openLink();
playground.start();
