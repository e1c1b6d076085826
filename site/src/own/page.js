// The page for one's own data: classes of pictures, a network trained on them, and what it makes of new ones.

import { showInspection } from '../inspect/inspection.js';
import { Lab } from '../lab.js';
import { onLanguage, showLanguage, texts } from '../language.js';
import { showCharts } from '../views/charts.js';
import { byId, guardButtons } from '../views/dom.js';
import { holdOn } from '../views/keeping.js';
import { drawVersions } from '../views/versions.js';
import { acceptDrops, Cards, nameOf } from './cards.js';
import { Collection } from './collection.js';
import { keepModel, keptModel } from './kept.js';
import { NoPicture, ofFile } from './shots.js';
import { Source } from './source.js';
import { OwnTask } from './task.js';
import { showTraining } from './training.js';

const text = texts(
  {
    nothing: 'There is nothing to add yet: draw something, turn the camera on or open a picture.',
    unreadable: (/** @type {string} */ names) => `No picture that this browser can read: ${names}.`,
    removed: 'Removed.',
    kept: (/** @type {number} */ n) =>
      `${n === 1 ? '1 picture' : `${n} pictures`}, kept in this browser; nothing is sent anywhere.`,
    full: 'The browser has no room left for these pictures: they last as long as this page is open. Remove some or free space on the disk, then try again.',
    no: 'The browser keeps nothing for this page, as in a private window: the pictures last as long as the page is open.',
  },
  {
    nothing: 'まだ追加できるものがありません。絵を描くか、カメラをつけるか、画像を開いてください。',
    unreadable: (names) => `このブラウザで読める画像ではありません: ${names}`,
    removed: '取り除きました。',
    kept: (n) => `画像 ${n} 枚。このブラウザの中にだけ保存され、どこにも送信されません。`,
    full: 'ブラウザの保存領域に空きがありません。画像はこのページを開いている間だけ残ります。画像を減らすかディスクを空けてから、もう一度試してください。',
    no: 'プライベートウィンドウなどのため、ブラウザがこのページのデータを保存しません。画像はページを開いている間だけ残ります。',
  },
);

const collection = new Collection();
const task = new OwnTask();
const lab = new Lab(new URL('./', document.baseURI).href, task);

/** What happened last to the pictures. @type {() => string} */
let happened = () => '';

/** @param {() => string} what */
function tell(what) {
  happened = what;
  byId('own-notice').textContent = what();
}

const isTrained = () => lab.state.model !== null && lab.state.model.origin !== 'random';

/** Asks the network about what the source shows. */
function ask() {
  cards.mode(source.mode);
  const shot = source.take();
  if (shot && isTrained()) lab.look(shot);
  else cards.answer(null);
}

const source = new Source(ask);
const cards = new Cards(collection, {
  add(id) {
    const shot = source.take();
    if (!shot) return tell(() => text().nothing);
    tell(() => '');
    collection.add(id, [shot]);
    source.clear();
  },
  async addFiles(id, files) {
    const shots = await read(files);
    if (shots.length) collection.add(id, shots);
  },
});

/** The pictures in files; what is none is told. @param {Iterable<File>} files */
async function read(files) {
  const shots = [];
  /** @type {string[]} */
  const unreadable = [];
  for (const file of files) {
    try {
      shots.push(await ofFile(file));
    } catch (error) {
      if (!(error instanceof NoPicture)) throw error;
      unreadable.push(error.message);
    }
  }
  tell(() => (unreadable.length ? text().unreadable(unreadable.join(', ')) : ''));
  return shots;
}

async function openPicture(/** @type {File[]} */ files) {
  const [shot] = await read(files.slice(0, 1));
  if (shot) source.show(shot);
}

showLanguage();
guardButtons();
holdOn(lab);
showCharts(lab);
showTraining(lab, collection, task);
showInspection(lab, (label) => {
  const { classes } = collection.state;
  const at = classes.findIndex(({ id }) => id === task.ids[label]);
  return at < 0 ? String(label + 1) : nameOf(classes[at], at); // it may have been deleted since
});

acceptDrops(byId('chooser'), openPicture);
for (const type of ['dragover', 'drop']) {
  // A picture that misses its class is not opened in place of the page.
  document.addEventListener(type, (event) => event.preventDefault());
}
const file = /** @type {HTMLInputElement} */ (byId('open-file'));
byId('open').addEventListener('click', () => file.click());
file.addEventListener('change', async () => {
  await openPicture([...(file.files ?? [])]);
  file.value = '';
});
byId('add-class').addEventListener('click', () => collection.addClass());
byId('clear-all').addEventListener('click', () => collection.clear());
byId('undo').addEventListener('click', () => {
  byId('add-class').focus(); // this button goes
  collection.undo();
});
byId('keep-again').addEventListener('click', () => collection.retry());

collection.show(({ classes, former, kept }) => {
  const n = classes.reduce((sum, { shots }) => sum + shots.length, 0);
  byId('undo').hidden = former === null;
  byId('own-notice').textContent = former === null ? happened() : text().removed;
  byId('kept').textContent = kept === 'yes' ? text().kept(n) : text()[kept];
  byId('kept').classList.toggle('wrong', kept !== 'yes');
  byId('keep-again').hidden = kept !== 'full';
  byId('clear-all').hidden = n === 0;
});
lab.showPart('seen', ({ look }) => {
  const { ids } = task;
  const probabilities = look.probabilities.data;
  if (probabilities.length === ids.length) cards.answer({ ids, probabilities }); // it is of the present classes
});
lab.show(({ versions }) => {
  drawVersions(versions);
  byId('inside').hidden = !isTrained() || !task.isReady();
});
onLanguage(() => source.translate());

/** Keeps the weights once a training is through. */
let former = lab.state.phase;
lab.show(async ({ phase, model }) => {
  const through = phase === 'idle' && (former === 'testing' || former === 'training' || former === 'stopping');
  former = phase;
  if (!through || !model || !isTrained()) return;
  ask();
  const bytes = await lab.download();
  if (bytes) await keepModel({ model, ids: task.ids, bytes }).catch(() => {}); // the line about the pictures tells
});

await collection.load();
const trained = await keptModel().catch(() => null);
task.takeUp(collection.state.classes, trained);
if (trained) lab.takeUp(trained);
await lab.start();
ask();
