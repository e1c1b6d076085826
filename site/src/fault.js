// An error as the pages tell it.

import { inJapanese } from './japanese.js';
import { texts } from './language.js';

/**
 * @typedef {object} Fault
 * @property {() => string} title  in the visitor's language
 * @property {string} detail  of a Python error the whole traceback
 */

const text = texts(
  {
    said: (/** @type {string} */ message) => message,
    down: (/** @type {string} */ message) => `Python is not running: ${message}`,
  },
  {
    said: inJapanese,
    down: (message) => `Python が動いていません: ${inJapanese(message)}`,
  },
);

/** An error's message in the visitor's language, as far as we know it. @param {string} message */
export const told = (message) => text().said(message);

/** @param {Error} error @param {boolean} runs  whether Python goes on @returns {Fault} */
export function faultOf(error, runs) {
  const lines = error.message.trimEnd().split('\n');
  const last = lines[lines.length - 1]; // of a traceback the error itself
  return {
    title: () => (runs ? told(last) : text().down(last)),
    detail: lines.length > 1 ? error.message : '',
  };
}
