// An editor for Python. It lives in a shadow root, whose adopted style sheets the page's policy allows.

import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { python } from '@codemirror/lang-python';
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState, type Extension, StateEffect, StateField, Transaction } from '@codemirror/state';
import { Decoration, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

interface Options {
  /** What it is, for screen readers. */
  label: () => string;
  code: string;
  /** After each change that the visitor makes. */
  onChange?: (code: string) => void;
  /** Ctrl or Command with Enter. */
  onRun?: () => void;
  /** More of CodeMirror's. */
  extensions?: Extension[];
}

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.bool, tags.null], color: 'var(--code-word)' },
  { tag: tags.string, color: 'var(--code-text)' },
  { tag: tags.number, color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--code-comment)' },
  { tag: [tags.definition(tags.variableName), tags.className], color: 'var(--code-name)' },
]);

const look = EditorView.theme({
  '&': {
    blockSize: 'var(--editor-block-size, auto)',
    maxBlockSize: 'var(--editor-height, none)',
    fontSize: '0.8125rem',
    backgroundColor: 'var(--sunken)',
    color: 'var(--text)',
    borderRadius: '9px',
  },
  '&.cm-focused': { outline: '3px solid var(--accent)', outlineOffset: '2px' },
  '.cm-scroller': { overflow: 'auto', fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--text)', padding: '0.75rem 0' },
  '.cm-gutters': { backgroundColor: 'transparent', border: '0', color: 'var(--code-comment)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, ::selection': {
    backgroundColor: 'var(--accent-soft)',
  },
  '.cm-wrong': { backgroundColor: 'var(--fault-soft)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--edge)' },
});

/** Marks the line that is given, from 1; null takes the mark away. */
const markLine = StateEffect.define<number | null>();

const wrongLine = StateField.define({
  create: () => Decoration.none,
  update(marks, { state, effects, docChanged }) {
    for (const effect of effects) {
      if (!effect.is(markLine)) continue;
      const line = effect.value;
      if (line === null || line < 1 || line > state.doc.lines) return Decoration.none;
      return Decoration.set(Decoration.line({ class: 'cm-wrong' }).range(state.doc.line(line).from));
    }
    return docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/**
 * Typing over a selection. Left to itself the browser keeps the colour of what it replaces in a `style` attribute, which
 * the page's policy forbids, before CodeMirror puts its own element there.
 */
const typingOver = EditorView.domEventHandlers({
  beforeinput({ inputType, data }, view) {
    if (inputType !== 'insertText' || !data || view.state.selection.main.empty) return false;
    view.dispatch(view.state.replaceSelection(data), { userEvent: 'input.type', scrollIntoView: true });
    return true; // and no more of the browser's
  },
});

export class Editor {
  readonly #view: EditorView;
  readonly #name = new Compartment();
  readonly #options: Options;

  /** @param place  an empty element */
  constructor(place: HTMLElement, options: Options) {
    this.#options = options;
    const root = place.attachShadow({ mode: 'open' });
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: options.code,
        extensions: [
          lineNumbers(),
          history(),
          indentUnit.of('    '),
          indentOnInput(),
          bracketMatching(),
          autocompletion(),
          python(),
          syntaxHighlighting(colours),
          look,
          wrongLine,
          EditorView.lineWrapping,
          typingOver,
          this.#name.of(this.#described()),
          // Tab is left to the browser: it takes the keyboard on to the next element.
          keymap.of([
            {
              key: 'Mod-Enter',
              run: () => {
                options.onRun?.();
                return true;
              },
            },
            ...completionKeymap,
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          EditorView.updateListener.of(({ transactions }) => {
            if (transactions.some((change) => change.docChanged && change.annotation(Transaction.userEvent)))
              options.onChange?.(this.code);
          }),
          options.extensions ?? [],
        ],
      }),
    });
  }

  /** What is written there. */
  get code(): string {
    return this.#view.state.doc.toString();
  }

  /** Replaces all of it; onChange is not told. */
  set code(text: string) {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } });
  }

  /** Marks the line where the program failed, from 1, until the code changes; null takes the mark away. */
  mark(line: number | null): void {
    this.#view.dispatch({ effects: markLine.of(line) });
  }

  /** Takes the visitor to the beginning of a line, from 1. */
  goTo(line: number): void {
    const { doc } = this.#view.state;
    const anchor = doc.line(Math.min(Math.max(line, 1), doc.lines)).from;
    this.#view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
    this.focus();
  }

  /** Says again what it is, after a change of the language. */
  relabel(): void {
    this.#view.dispatch({ effects: this.#name.reconfigure(this.#described()) });
  }

  focus(): void {
    this.#view.focus();
  }

  /** Takes it away, with all that it listens to. */
  destroy(): void {
    this.#view.destroy();
  }

  #described(): Extension {
    // The tabindex tells tools that what can be edited can be reached, too.
    return EditorView.contentAttributes.of({ 'aria-label': this.#options.label(), tabindex: '0' });
  }
}
