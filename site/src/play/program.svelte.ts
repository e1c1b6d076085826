// The program in the editor: where it came from, and what is kept of it.

import { texts } from '../app/language.svelte';
import type { LinkError } from '../app/packed';
import { examples, nameOf } from './examples';
import { keep, kept } from './kept';
import { programOf } from './share';

const text = texts(
  {
    came: 'This program came with a link. Read it, then run it if you trust it.',
    own: 'This program is from this site’s documentation, or came with a link made in this browser.',
    example: 'This is an example.',
    linkLong: 'The program in the link is too large. Your own program is shown instead.',
    linkDamaged: 'The link is damaged, perhaps cut off on its way. Your own program is shown instead.',
  },
  {
    came: 'このプログラムはリンクから開かれました。内容を確認し、信頼できる場合だけ実行してください。',
    own: 'このプログラムは、このサイトのドキュメントのもの、またはこのブラウザで作ったリンクのものです。',
    example: 'これは例です。',
    linkLong: 'リンクに含まれるプログラムが大きすぎます。代わりに自分のプログラムを表示しています。',
    linkDamaged: 'リンクが壊れています(途中で切れたのかもしれません)。代わりに自分のプログラムを表示しています。',
  },
);

const KEEP_MS = 300; // after the last change

export class Program {
  code = $state(examples()[0].code);
  /** Where it came from; null if the visitor wrote it. */
  origin = $state.raw<{ says: () => string; isStrange: boolean; canGoBack: boolean } | null>(null);

  #timer = 0;
  /** What took the visitor's program's place last. */
  #came = '';
  /** The visitor's program, while another one has its place: this tab's, or else what was put aside last in any tab. */
  #former: string | null = null;

  /** Whether it is a stranger's, and nobody has changed it. */
  get isStrange(): boolean {
    return this.code === this.#came && this.origin?.isStrange === true;
  }

  /** Takes up what the last visit left. */
  resume(): void {
    const before = kept('code');
    if (before !== null) this.code = before;
    this.#former = kept('former', true) ?? kept('former');
  }

  /** Has what the visitor wrote kept. */
  keepSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.keep(), KEEP_MS);
  }

  /** Returns whether the browser has room for it. */
  keep(): boolean {
    clearTimeout(this.#timer);
    return keep('code', this.code);
  }

  /** Puts an example in the place of the visitor's program, which stays at hand. */
  show(code: string): void {
    this.#replace(code, () => text().example, false);
  }

  /** Takes the program that the page's address carries. */
  async open(): Promise<void> {
    const { hash } = location;
    const isLeft = () => location.hash !== hash; // the path changes with the language, too
    try {
      const came = await programOf(hash);
      if (!came || isLeft()) return;
      const { code, isOwn } = came;
      if (nameOf(code)) this.show(code);
      else this.#replace(code, () => (isOwn ? text().own : text().came), !isOwn);
    } catch (error) {
      if (isLeft()) return;
      const { reason } = error as LinkError;
      const says = () => (reason === 'long' ? text().linkLong : text().linkDamaged);
      this.origin = { says, isStrange: false, canGoBack: false };
    }
    history.replaceState(null, '', location.pathname + location.search); // a reload shows what became of it
  }

  goBack(): void {
    if (this.#former === null) return;
    this.code = this.#former;
    if (kept('former') === this.#former) keep('former', null);
    keep('former', null, true);
    this.#former = null;
    this.keep();
    this.origin = null;
  }

  #replace(code: string, says: () => string, isStrange: boolean): void {
    if (this.code.trim() && this.code !== code && !nameOf(this.code)) {
      this.#former = this.code;
      keep('former', this.#former); // for the next visit
      keep('former', this.#former, true); // for a reload: another tab may put its own aside
    }
    [this.code, this.#came] = [code, code];
    this.keep();
    this.origin = { says, isStrange, canGoBack: this.#former !== null };
  }
}
