// The program's folder: files that the visitor puts in, and those that programs write.

import { texts } from '../app/language.svelte';
import { save } from '../app/save';
import { EngineGone } from '../engine/engine';
import { type FoundFile as Found, MOST_BYTES } from '../engine/folder';
import type { Runner } from '../engine/runner';

const MOST_ALTOGETHER = 2 * MOST_BYTES; // of the visitor's, which the page holds for the next Python

const text = texts(
  {
    large: (name: string) =>
      `${name} is too large: the limit is ${MOST_BYTES / 2 ** 20} MB per file, and twice that in total.`,
    refused: (name: string) => `${name} could not be added to the folder.`,
    gone: (name: string) => `${name} is gone, or too large to download.`,
  },
  {
    large: (name) => `${name} は大きすぎます(1 ファイル ${MOST_BYTES / 2 ** 20} MB、全体でその 2 倍までです)。`,
    refused: (name) => `${name} をフォルダに置けませんでした。`,
    gone: (name) => `${name} はもうないか、大きすぎて取り出せません。`,
  },
);

export class Files {
  /** What lies there, as far as a page can list it. */
  list = $state.raw<readonly Found[]>([]);
  /** What went wrong last. */
  fault = $state.raw<(() => string) | null>(null);

  /** The visitor's, by their paths. */
  #own = new Map<string, Uint8Array<ArrayBuffer>>();
  #runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  /** Puts the visitor's files into a new Python's folder. */
  async restore(): Promise<void> {
    for (const [path, data] of this.#own) await this.#runner.put(path, data);
    await this.look();
  }

  async look(): Promise<void> {
    this.list = await this.#runner.files();
  }

  add(files: Iterable<File>): Promise<void> {
    return this.#doing(async () => {
      for (const file of files) await this.#put(file);
      await this.look();
    });
  }

  remove(path: string): Promise<void> {
    return this.#doing(async () => {
      this.#own.delete(path);
      await this.#runner.remove(path);
      await this.look();
    });
  }

  /** Has the browser save a file. */
  save(path: string): Promise<void> {
    return this.#doing(async () => {
      const data = await this.#runner.read(path);
      if (data) return save(path.split('/').at(-1) ?? 'file', data);
      this.fault = () => text().gone(path);
      await this.look();
    });
  }

  async #put(file: File): Promise<void> {
    const { name, size } = file;
    const others = [...this.#own].reduce((sum, [path, { length }]) => sum + (path === name ? 0 : length), 0);
    if (size > MOST_BYTES || others + size > MOST_ALTOGETHER) {
      this.fault = () => text().large(name);
      return;
    }
    // A file may have changed or gone since it was chosen.
    const data = await file.arrayBuffer().then(
      (buffer) => new Uint8Array(buffer),
      () => null,
    );
    if (data && (await this.#runner.put(name, data))) this.#own.set(name, data);
    else this.fault = () => text().refused(name);
  }

  async #doing(what: () => Promise<void>): Promise<void> {
    this.fault = null;
    try {
      await what();
    } catch (error) {
      if (!(error instanceof EngineGone)) throw error; // that Python is gone the page tells
    }
  }
}
