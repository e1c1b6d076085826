// Completion of names in the editor: pyconvlite's and what the program's own names stand for come from Python, which
// looks at the modules themselves; Python's own and the program's local names come from CodeMirror.

import type { CompletionSource } from '@codemirror/autocomplete';
import { pythonLanguage } from '@codemirror/lang-python';
import type { Extension } from '@codemirror/state';
import type { Name } from '../engine/programs';

/** Names that may stand at a position of a program. */
export type Ask = (code: string, position: number) => Promise<Name[]>;

export const completion = (ask: Ask): Extension => pythonLanguage.data.of({ autocomplete: sourceOf(ask) });

const sourceOf =
  (ask: Ask): CompletionSource =>
  async (context) => {
    const word = context.matchBefore(/[\p{L}\p{N}_]*/u);
    const before = word && context.state.sliceDoc(Math.max(0, word.from - 1), word.from);
    const isWanted = word && (word.from < word.to || before === '.' || context.explicit);
    if (!isWanted) return null;
    const names = await ask(context.state.doc.toString(), context.pos);
    const hasLeft = context.view && !context.view.hasFocus; // while Python was looking
    if (context.aborted || hasLeft || !names.length) return null;
    const options = names.map(({ label, type, detail, info }) => ({
      label,
      type,
      detail,
      info: info || undefined,
      boost: 1,
    }));
    return { from: word.from, options, validFor: /^[\p{L}\p{N}_]*$/u };
  };
