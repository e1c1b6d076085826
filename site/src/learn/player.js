// Buttons that move a kernel on: one place at a press, or by itself until its last.

import { onLanguage, texts } from '../language.js';
import { make } from '../views/dom.js';

const PACE = 900; // milliseconds from one place to the next

const text = texts({ play: 'Play', pause: 'Pause', next: 'Next' }, { play: '再生', pause: '一時停止', next: '次へ' });

/**
 * @param {HTMLElement} place  which the buttons are appended to
 * @param {() => boolean} step  goes on to the next place; false once it is back at the first
 */
export function addPlayer(place, step) {
  const play = make('button', { type: 'button', className: 'play' });
  const next = make('button', { type: 'button', className: 'next' });
  place.append(make('div', { className: 'buttons' }, play, next));
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  const label = () => {
    play.textContent = timer === undefined ? text().play : text().pause;
    next.textContent = text().next;
  };
  const pause = () => {
    clearInterval(timer);
    timer = undefined;
    label();
  };
  play.addEventListener('click', () => {
    if (timer !== undefined) return pause();
    step();
    timer = setInterval(() => step() || pause(), PACE);
    label();
  });
  next.addEventListener('click', () => {
    pause();
    step();
  });
  onLanguage(label);
}
