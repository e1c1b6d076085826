// The folder where a visitor's programs run: files go in, and what programs write comes out.

import type { Pyodide } from './python';

/** A file in the folder where programs run. */
export interface FoundFile {
  /** In the folder. */
  path: string;
  /** In bytes. */
  size: number;
}

export const MOST_BYTES = 64 * 2 ** 20; // of a file, either way
export const MOST_FILES = 200;
const MOST_DEPTH = 5; // folders inside one another
const MOST_LETTERS = 500; // of a path
const MOST_SOURCE = 2 ** 20; // bytes of a module that is looked through for imports

/** What the site itself puts there, and Python's own. */
const HIDDEN = /^(tab|weights|__pycache__|\..*)$/;

export class Folder {
  readonly #fs: Pyodide['FS'];
  readonly #root: string;

  /** @param fs  Emscripten's; its working directory is the folder */
  constructor(fs: Pyodide['FS']) {
    this.#fs = fs;
    this.#root = fs.cwd();
  }

  /** At most so many as a page can list. */
  files(): FoundFile[] {
    const found: FoundFile[] = [];
    const look = (within: string, depth: number) => {
      for (const name of this.#fs.readdir(`${this.#root}/${within}`).sort()) {
        if (HIDDEN.test(name) || found.length === MOST_FILES) continue;
        const path = `${within}${name}`;
        const { mode, size } = this.#fs.lstat(`${this.#root}/${path}`);
        if (path.length > MOST_LETTERS) continue;
        if (this.#fs.isFile(mode)) found.push({ path, size });
        else if (this.#fs.isDir(mode) && depth < MOST_DEPTH) look(`${path}/`, depth + 1);
      }
    };
    this.#tried(() => look('', 0));
    return found;
  }

  /** Sources of the modules that lie there: a program may import them. */
  modules(): string[] {
    const sources = this.files().filter(({ path, size }) => path.endsWith('.py') && size <= MOST_SOURCE);
    return sources.flatMap(
      ({ path }) => this.#tried(() => this.#fs.readFile(`${this.#root}/${path}`, { encoding: 'utf8' }) as string) ?? [],
    );
  }

  /** Whether it could be written. */
  put(path: string, data: Uint8Array): boolean {
    const write = () => {
      this.#fs.writeFile(`${this.#root}/${path}`, data);
      return true;
    };
    return this.#tried(write) ?? false;
  }

  /** Null where it is gone, or too large. */
  read(path: string): Uint8Array<ArrayBuffer> | null {
    const file = `${this.#root}/${path}`;
    return this.#tried(() => (this.#fs.stat(file).size > MOST_BYTES ? null : this.#fs.readFile(file)));
  }

  remove(path: string): void {
    this.#tried(() => this.#fs.unlink(`${this.#root}/${path}`));
  }

  /** The result; null after an error of the file system. */
  #tried<T>(what: () => T): T | null {
    try {
      return what();
    } catch {
      return null;
    }
  }
}
