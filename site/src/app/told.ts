// Messages of Python and the workers in the visitor's language.

import { type Code, filled, type Message, type Value } from '../engine/message';
import messages from '../engine/messages.json';
import { language, texts } from './language.svelte';

const list = texts({ joined: (parts: string[]) => parts.join('; ') }, { joined: (parts) => parts.join('、') });

/** A code without a text, as of an error that nobody foresaw, is told as its English text. */
export function told({ code, values, text }: Message): string {
  if (!Object.hasOwn(messages, code)) return text.trimEnd().split('\n').at(-1) ?? ''; // of a traceback the error itself
  const written = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, writtenValue(value)]));
  return filled(messages[code as Code][language()], written);
}

/** The same with a capital at its start, unless a value such as a file's name stands there. */
export function sentence(message: Message): string {
  const said = told(message);
  const { code } = message;
  const isValue = Object.hasOwn(messages, code) && messages[code as Code][language()].startsWith('{');
  return isValue ? said : said.charAt(0).toUpperCase() + said.slice(1);
}

function writtenValue(value: Value): string {
  if (Array.isArray(value)) return list().joined(value.map(told));
  return typeof value === 'object' ? told(value) : String(value);
}
