// What the browser keeps of the playground until the next visit: the program, the one before, the output.

/** @typedef {'code' | 'former' | 'output'} Kind */

/** @param {Kind} kind @returns {string | null} */
export function kept(kind) {
  try {
    return localStorage.getItem(`play-${kind}`);
  } catch {
    return null; // the browser keeps nothing for this site
  }
}

/** @param {Kind} kind @param {string | null} text  null forgets it @returns {boolean}  whether it is kept */
export function keep(kind, text) {
  try {
    if (text === null) localStorage.removeItem(`play-${kind}`);
    else localStorage.setItem(`play-${kind}`, text);
    return true;
  } catch {
    return false; // full, or switched off
  }
}
