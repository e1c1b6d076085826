// An error as the pages tell it.

/**
 * @typedef {object} Fault
 * @property {string} title
 * @property {string} detail
 */

/** @param {Error} error @param {boolean} runs  whether Python goes on @returns {Fault} */
export function faultOf(error, runs) {
  const lines = error.message.trimEnd().split('\n');
  const title = lines[lines.length - 1]; // of a traceback the error itself
  return {
    title: runs ? title : `Python is not running: ${title}`,
    detail: lines.length > 1 ? error.message : '',
  };
}
