// What Python and the workers tell: a code, for which messages.json has a text in each language, and the values that
// the text takes. A code that is not there, as of an error that nobody foresaw, is told as its English text.

import { language, texts } from './language.js';
import messages from './messages.json';

/**
 * @typedef {keyof typeof messages} Code
 *
 * @typedef {object} Message  also what running.py makes of Python's errors
 * @property {string} code
 * @property {Record<string, Value>} values  by their names in the text
 * @property {string} text  in English, for a code without a text
 *
 * @typedef {string | number | Message | Message[]} Value
 */

const list = texts(
  { joined: (/** @type {string[]} */ parts) => parts.join('; ') },
  { joined: (parts) => parts.join('、') },
);

/** A message in the visitor's language. @param {Message} message @returns {string} */
export function told({ code, values, text }) {
  if (!Object.hasOwn(messages, code)) return text.trimEnd().split('\n').at(-1) ?? ''; // of a traceback the error itself
  return filled(messages[/** @type {Code} */ (code)][language()], values);
}

/** @param {string} text  with names in braces @param {Record<string, Value>} values */
const filled = (text, values) => text.replaceAll(/\{(\w+)\}/g, (_, name) => written(values[name]));

/** @param {Value} value */
function written(value) {
  if (Array.isArray(value)) return list().joined(value.map(told));
  return typeof value === 'object' ? told(value) : String(value);
}

/** @param {Code} code @param {Record<string, string | number>} [values] @returns {Message} */
export const message = (code, values = {}) => ({ code, values, text: filled(messages[code].en, values) });

/** What an error tells. @param {Error & Partial<Message>} error @returns {Message} */
export const messageOf = ({ code = '', values = {}, message }) => ({ code, values, text: message });

/** An error that the pages have a text for. */
export class CodedError extends Error {
  /** @param {Message} message */
  constructor({ code, values, text }) {
    super(text);
    this.code = code;
    this.values = values;
  }
}

/** A file that could not be fetched: the network's fault or the host's, not Python's. */
export class DownloadError extends CodedError {
  name = 'DownloadError';
}
