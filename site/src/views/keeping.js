// The visitor's work over visits: the model and the drawing are taken up where they were left, and kept as they change.

import { keeper, kept } from '../kept.js';
import { onLanguage, texts } from '../language.js';
import { byId } from './dom.js';

/** @typedef {import('../lab.js').Lab} Lab */

/** @type {readonly import('../lab-state.js').Phase[]} */
const RUNNING = ['training', 'pausing', 'paused', 'stopping'];

/** Has the browser ask before the page goes that trains: what is new since the last checkpoint would be lost. @param {Lab} lab */
export function holdOn(lab) {
  window.addEventListener('beforeunload', (event) => {
    if (RUNNING.includes(lab.state.phase)) event.preventDefault();
  });
}

const text = texts(
  {
    full: 'Your browser has no room to keep the model and the drawing for your next visit. Free some space, or download the weights.',
    no: 'The browser keeps nothing for this page, as in a private window. Download the weights before you leave.',
  },
  {
    full: 'ブラウザに空きがなく、モデルと絵を次の訪問まで保存できません。空きを作るか、重みをダウンロードしてください。',
    no: 'プライベートウィンドウなどのため、このページの内容はブラウザに保存されません。離れる前に重みをダウンロードしてください。',
  },
);

/**
 * Takes up what the last visit left, before the lab starts, and keeps what comes.
 *
 * @param {Lab} lab
 * @param {object} take  what to do with
 * @param {(source: import('../lab-state.js').Source) => void} take.source  what was looked at
 * @param {(name: string) => void} take.model  the model's name
 */
export async function resumeWork(lab, take) {
  const [checkpoint, source] = await Promise.all([kept('checkpoint'), kept('source')]);
  take.source(source ?? { index: 0 });
  if (checkpoint) {
    lab.takeUp(checkpoint);
    take.model(checkpoint.model.name);
  }

  /** @type {keyof ReturnType<typeof text> | null} */
  let missing = null;
  const draw = () => {
    byId('keep-hint').textContent = missing ? text()[missing] : '';
  };
  onLanguage(draw);
  const onKept = (/** @type {Error | null} */ error) => {
    missing = error && (error.name === 'QuotaExceededError' ? 'full' : 'no');
    draw();
  };
  const keep = { checkpoint: keeper('checkpoint', onKept), source: keeper('source', onKept) };
  let last = lab.state;
  lab.show((state) => {
    const { checkpoint, source } = state;
    if (checkpoint && checkpoint !== last.checkpoint) keep.checkpoint(checkpoint);
    if (source && source !== last.source) keep.source(source);
    last = state;
  });
}
