// Small helpers for the page's elements. Text goes in as text only.

import { texts } from '../language.js';

/**
 * The element with an id; one that is missing is a fault of ours.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return /** @type {T} */ (element);
}

/**
 * A new element with its properties and children.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} [properties]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * Switches a button on or off. Off, it keeps the keyboard's focus, which `disabled` would throw away while somebody
 * waits on it; guardButtons() sees to it that it does nothing.
 *
 * @param {string} id
 * @param {boolean} enabled
 */
export function setEnabled(id, enabled) {
  byId(id).setAttribute('aria-disabled', String(!enabled));
}

/** Lets no click reach a button that is switched off. */
export function guardButtons() {
  const guard = (/** @type {Event} */ event) => {
    if (!(event.target instanceof Element) || !event.target.closest('[aria-disabled="true"]')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener('click', guard, { capture: true });
}

/** Has screen readers say what happened, each time that it changes. @param {string} notice */
export function announce(notice) {
  const place = byId('announcement');
  if (place.textContent !== notice) place.textContent = notice;
}

/** 0.9784 as "97.84%". @param {number} share @param {number} [digits] */
export const percent = (share, digits = 2) => `${(share * 100).toFixed(digits)}%`;

/** 20000 as "20,000". @param {number} n */
export const count = (n) => n.toLocaleString('en');

const text = texts(
  {
    seconds: (/** @type {number} */ s) => `${s} s`,
    minutes: (/** @type {number} */ min, /** @type {number} */ s) => `${min} min ${s} s`,
    loading: (/** @type {string} */ what, /** @type {string} */ loaded, /** @type {string} */ total) =>
      `Loading ${what}: ${loaded} of ${total} MB`,
    starting: 'Starting Python …',
  },
  {
    seconds: (s) => `${s} 秒`,
    minutes: (min, s) => `${min} 分 ${s} 秒`,
    loading: (what, loaded, total) => `${what} を読み込み中: ${loaded} / ${total} MB`,
    starting: 'Python を起動しています …',
  },
);

/** 83 as "1 min 23 s". @param {number} seconds */
export function duration(seconds) {
  const whole = Math.ceil(seconds);
  return whole < 60 ? text().seconds(whole) : text().minutes(Math.floor(whole / 60), whole % 60);
}

const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);

/** How far a download is. @param {string} what @param {import('../engine/downloads.js').Progress} progress */
export const loadingText = (what, { loaded, total }) =>
  loaded < total ? text().loading(what, megabytes(loaded), megabytes(total)) : text().starting;
