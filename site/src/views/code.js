// The Python that runs, coloured by its own grammar.

import { classHighlighter, highlightCode } from '@lezer/highlight';
import { parser } from '@lezer/python';
import inspecting from '../../python/tab/inspecting.py?raw';
import looking from '../../python/tab/looking.py?raw';
import training from '../../python/tab/training.py?raw';
import { program } from '../settings.js';
import { byId, make } from './dom.js';

/** Shows the files that never change. */
export function showModules() {
  writeCode('training-py', training);
  writeCode('looking-py', looking);
  writeCode('inspecting-py', inspecting);
}

/** Shows the program of these settings. @param {import('../settings.js').Settings} settings */
export function showProgram(settings) {
  writeCode('run-py', program(settings));
}

/** Shows a program. @param {string} id @param {string} code */
export function writeCode(id, code) {
  /** @type {(Node | string)[]} */
  const pieces = [];
  highlightCode(
    code,
    parser.parse(code),
    classHighlighter,
    (text, className) => pieces.push(className ? make('span', { className, textContent: text }) : text),
    () => pieces.push('\n'),
  );
  byId(id).replaceChildren(...pieces);
}
