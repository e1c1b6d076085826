// What Python and the workers tell: a code, for which messages.json has a text in each language, and the values that
// the text takes.

import messages from './messages.json';

export type Code = keyof typeof messages;

export type Value = string | number | Message | Message[];

/** Also what running.py makes of Python's errors. */
export interface Message {
  code: string;
  /** By their names in the text. */
  values: Record<string, Value>;
  /** In English, for a code without a text. */
  text: string;
}

/** A text with its values. */
export const filled = (text: string, values: Record<string, unknown>): string =>
  text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]));

export const message = (code: Code, values: Record<string, string | number> = {}): Message => ({
  code,
  values,
  text: filled(messages[code].en, values),
});

/** What an error tells. */
export const messageOf = ({ code = '', values = {}, message }: Error & Partial<Message>): Message => ({
  code,
  values,
  text: message,
});

/** An error that the pages have a text for. */
export class CodedError extends Error {
  code: string;
  values: Record<string, Value>;

  constructor({ code, values, text }: Message) {
    super(text);
    this.code = code;
    this.values = values;
  }
}

/** A file that could not be fetched: the network's fault or the host's, not Python's. */
export class DownloadError extends CodedError {
  override name = 'DownloadError';
}
