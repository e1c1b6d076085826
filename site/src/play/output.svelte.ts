// What a program prints and shows, in order, as the page keeps it.

import type { Graph, Html, Image, Output as Sent } from '../engine/programs';

const MOST_LETTERS = 100_000; // of text; the oldest goes
const MOST_KEPT = 8e6; // bytes of images
const MOST_ITEMS = 300;
const LONG = 5_000; // letters of a text that gets no more lines: the browser lays out again what has changed

/** Text that may go on. */
export class Text {
  readonly kind = 'text';
  text = $state('');

  constructor(text: string) {
    this.text = text;
  }
}

/** A line that the visitor entered. */
interface Entry {
  kind: 'entry';
  text: string;
}

/** A traceback, and the program's line. */
interface Wrong {
  kind: 'fault';
  text: string;
  line: number | null;
}

interface Stopped {
  kind: 'stopped';
  says: () => string;
}

export type Item = Text | Entry | Wrong | Stopped | Image | Graph | Html;

export class Output {
  items = $state.raw<readonly Item[]>([]);
  /** Whether something was left out at the beginning. */
  isCut = $state(false);
  #letters = 0;

  /** What a program has sent. */
  take(sent: Sent): void {
    if (typeof sent === 'string') this.print(sent);
    else this.add(sent);
  }

  print(more: string): void {
    if (!more) return;
    const last = this.items.at(-1);
    if (last instanceof Text && !(last.text.length > LONG && last.text.endsWith('\n'))) {
      this.#letters -= last.text.length;
      last.text = joined(last.text, more);
      this.#letters += last.text.length;
      this.#trim();
    } else this.add(new Text(joined('', more)));
  }

  add(item: Item): void {
    this.items = [...this.items, item];
    if ('text' in item) this.#letters += item.text.length;
    this.#trim();
  }

  clear(): void {
    [this.items, this.isCut, this.#letters] = [[], false, 0];
  }

  /** All of it as text, for the next visit; null where it is more than browsers keep. */
  async packed(): Promise<string | null> {
    const sizes = this.items.map((item) => (item.kind === 'image' ? item.data.length + (item.dark?.length ?? 0) : 0));
    if (sizes.reduce((sum, size) => sum + size, 0) > MOST_KEPT) return null;
    const items = this.items.map(async (item) => {
      if (item.kind === 'text') return { kind: item.kind, text: item.text };
      if (item.kind !== 'image') return item;
      const { type, data, dark } = item;
      return { ...item, data: await dataUrl(type, data), dark: dark && (await dataUrl(type, dark)) };
    });
    return JSON.stringify(await Promise.all(items));
  }

  /** Takes up what packed() gave. */
  unpack(packed: string): void {
    for (const item of JSON.parse(packed)) {
      if (item.kind === 'text') this.add(new Text(item.text));
      else if (item.kind === 'image')
        this.add({ ...item, data: bytesOf(item.data), dark: item.dark && bytesOf(item.dark) });
      else this.add(item);
    }
  }

  #trim(): void {
    while (this.#letters > MOST_LETTERS || this.items.length > MOST_ITEMS) {
      const [first, ...others] = this.items;
      const excess = this.#letters - MOST_LETTERS;
      this.isCut = true;
      if (first instanceof Text && this.items.length <= MOST_ITEMS && first.text.length > excess) {
        first.text = first.text.slice(excess);
        this.#letters -= excess;
      } else {
        this.items = others;
        if ('text' in first) this.#letters -= first.text.length;
      }
    }
  }
}

/** Text and what comes after it; a carriage return goes back to the beginning of its line. */
function joined(before: string, more: string): string {
  if (!before.endsWith('\r') && !more.includes('\r')) return before + more;
  const start = before.lastIndexOf('\n') + 1;
  const lines = (before.slice(start) + more).split('\n');
  return before.slice(0, start) + lines.map((line, i) => overwritten(line, i === lines.length - 1)).join('\n');
}

/** What stands in a line at last. Of an open one a return at its end stays: something may follow it. */
function overwritten(line: string, isOpen: boolean): string {
  let end = line.length; // by hand: a regular expression takes quadratic time for many returns
  while (line[end - 1] === '\r') end--;
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, isOpen ? undefined : end);
}

const dataUrl = (type: string, data: Uint8Array<ArrayBuffer>): Promise<string> =>
  new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(new Blob([data], { type }));
  });

function bytesOf(url: string): Uint8Array<ArrayBuffer> {
  const text = atob(url.slice(url.indexOf(',') + 1));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
