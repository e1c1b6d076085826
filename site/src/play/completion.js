// Completion of names in the editor: pyconvlite's and what the program's own names stand for come from Python, which
// looks at the modules themselves; Python's own and the program's local names come from CodeMirror.

import { pythonLanguage } from '@codemirror/lang-python';

/**
 * @typedef {import('@codemirror/autocomplete').CompletionContext} CompletionContext
 * @typedef {import('@codemirror/autocomplete').CompletionResult} CompletionResult
 * @typedef {import('../engine/runner.worker.js').Name} Name
 */

/**
 * An extension of CodeMirror's.
 *
 * @param {(code: string, position: number) => Promise<Name[]>} ask
 */
export const completion = (ask) => pythonLanguage.data.of({ autocomplete: sourceOf(ask) });

/** @param {(code: string, position: number) => Promise<Name[]>} ask */
function sourceOf(ask) {
  /** @param {CompletionContext} context @returns {Promise<CompletionResult | null>} */
  return async (context) => {
    const word = context.matchBefore(/[\p{L}\p{N}_]*/u);
    const before = word && context.state.sliceDoc(Math.max(0, word.from - 1), word.from);
    const wanted = word && (word.from < word.to || before === '.' || context.explicit);
    if (!wanted) return null;
    const names = await ask(context.state.doc.toString(), context.pos);
    const left = context.view && !context.view.hasFocus; // while Python was looking
    if (context.aborted || left || !names.length) return null;
    const options = names.map(({ label, type, detail, info }) => ({
      label,
      type,
      detail,
      info: info || undefined,
      boost: 1,
    }));
    return { from: word.from, options, validFor: /^[\p{L}\p{N}_]*$/u };
  };
}
