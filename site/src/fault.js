// An error as the pages tell it.

import { texts } from './language.js';
import { messageOf, told } from './message.js';

/**
 * @typedef {object} Fault
 * @property {() => string} title  in the visitor's language
 * @property {string} detail  of a Python error the whole traceback
 */

const text = texts(
  { down: (/** @type {string} */ message) => `Python is not running: ${message}` },
  { down: (message) => `Python が動いていません: ${message}` },
);

/** @param {Error} error @param {boolean} runs  whether Python goes on @returns {Fault} */
export function faultOf(error, runs) {
  const message = messageOf(error);
  return {
    title: () => (runs ? told(message) : text().down(told(message))),
    detail: error.message.trimEnd().includes('\n') ? error.message : '',
  };
}
