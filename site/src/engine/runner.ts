// Runs a visitor's Python. A program that does not end is ended with its worker; the next one finds a new worker,
// which stands ready where a spare is kept.

import { PYODIDE_FILES } from './assets';
import type { Progress } from './downloads';
import { Engine, EngineGone } from './engine';
import type { FoundFile } from './folder';
import { CodedError, type Message, message, messageOf } from './message';
import {
  contentOf,
  filesOf,
  type Name,
  namesOf,
  type Outcome,
  type Output,
  outcomeOf,
  outputOf,
  versionsOf,
} from './programs';
import type { Remote, Versions } from './protocol';
import type { Interpreter, Request } from './runner.worker';
import address from './runner.worker.ts?worker&url';
import { siteFolder } from './site';

interface Events {
  /** While Python loads. */
  onProgress?: (progress: Progress) => void;
  /** While what a program imports loads. */
  onFiles?: (name: string, progress: Progress) => void;
  /** Each time that a Python is there. */
  onReady?: (versions: Versions) => void;
  /** When the Python at work has ended, stopped or not. */
  onGone?: (error: EngineGone) => void;
}

interface RunOptions {
  onOutput?: (output: Output) => void;
  /** After which it is ended; for ever if left out. */
  seconds?: number;
  /** Whether the program is the site's, as it stands in the page. */
  isOwn?: boolean;
}

const MOST_SHOWN = 200; // things beside text, of one program; outlet.py passes on far less of both
const MOST_LETTERS = 4_000_000; // in a second

/** Takes what one program prints and shows, as far as a page can draw it. */
function bounded(onOutput: (output: Output) => void): (output: Output) => void {
  let [shown, letters, second] = [0, 0, 0];
  return (output) => {
    const now = performance.now();
    if (now - second > 1000) [second, letters] = [now, 0];
    if (typeof output === 'string') letters += output.length;
    else shown++;
    if (shown > MOST_SHOWN || letters > MOST_LETTERS) throw new CodedError(message('flooded'));
    onOutput(output);
  };
}

/** A worker, and when its Python stands. */
interface Place {
  engine: Engine<Interpreter>;
  ready: Promise<void>;
  /** Whether nothing of the visitor's has been there, and no program runs: another page may have it. */
  isClean: boolean;
}

export class Runner {
  readonly #events: Events;
  readonly #keepsSpare: boolean;
  #present: Place | null = null;
  #spare: Place | null = null;
  #isLeft = false;

  /** @param keepsSpare  whether a second worker is loaded as soon as the first has something to do */
  constructor(events: Events = {}, keepsSpare = false) {
    this.#events = events;
    this.#keepsSpare = keepsSpare;
  }

  /** Loads Python, unless it is there. */
  async load(): Promise<void> {
    if (this.#isLeft) throw new EngineGone(message('stopped'));
    this.#present ??= this.#take();
    return this.#present.ready;
  }

  /**
   * Runs a program.
   *
   * @throws {EngineGone} when it was stopped or its worker died
   */
  async run(request: Request, { onOutput = () => {}, seconds, isOwn }: RunOptions = {}): Promise<Outcome> {
    await this.load();
    const place = this.#present as Place;
    const { engine, isClean } = place;
    place.isClean = false;
    if (this.#keepsSpare) this.#spare ??= this.#start();
    const late = (limit: number) => this.stop(message('stopped-late', { seconds: limit }));
    const timer = seconds === undefined ? undefined : setTimeout(late, seconds * 1000, seconds);
    const take = bounded(onOutput);
    try {
      const outcome = await engine.call(async (api) =>
        outcomeOf(await api.run(request, (output) => take(outputOf(output)))),
      );
      place.isClean = isClean && isOwn === true;
      return outcome;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Names that may stand at a position of a program. */
  async complete(code: string, position: number): Promise<Name[]> {
    const characters = [...code.slice(0, position)].length;
    return (await this.#ask(async (api) => namesOf(await api.complete(code, characters)))) ?? [];
  }

  /** Files in the folder where programs run. */
  async files(): Promise<FoundFile[]> {
    return (await this.#ask(async (api) => filesOf(await api.files()))) ?? [];
  }

  /** Puts a file there; whether it is there then. */
  async put(path: string, data: Uint8Array<ArrayBuffer>): Promise<boolean> {
    if (this.#present) this.#present.isClean = false;
    return (await this.#ask(async (api) => (await api.put(path, data)) === true)) ?? false;
  }

  /** The bytes of a file; null where it is gone, or too large. */
  async read(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return (await this.#ask(async (api) => contentOf(await api.read(path)))) ?? null;
  }

  async remove(path: string): Promise<void> {
    await this.#ask((api) => api.remove(path));
  }

  /** Ends the program and its variables at once. */
  stop(reason?: Message): void {
    this.#present?.engine.terminate(reason);
  }

  /** The page is left: what ran the site's own programs alone is kept for the next one. */
  leave(): void {
    this.#isLeft = true;
    for (const { engine, isClean } of [this.#present, this.#spare].filter((place) => place !== null)) {
      if (isClean) engine.release((api) => api.run({ code: '' }, () => {}));
      else engine.terminate();
    }
  }

  /** Asks the Python that is there; undefined if there is none. */
  async #ask<T>(request: (api: Remote<Interpreter>) => Promise<T>): Promise<T | undefined> {
    if (!this.#present) return undefined;
    const { engine, ready } = this.#present;
    await ready;
    return engine.call(request) as Promise<T>;
  }

  #take(): Place {
    const place = this.#spare ?? this.#start();
    this.#spare = null;
    return place;
  }

  #start(): Place {
    const engine: Engine<Interpreter> = new Engine(address, {
      onGone: (error) => {
        if (this.#isLeft) return;
        if (this.#spare?.engine === engine) this.#spare = null;
        if (this.#present?.engine !== engine) return;
        this.#present = null;
        this.#events.onGone?.(error);
      },
      onFiles: this.#events.onFiles,
    });
    const ready = engine
      .load(
        async (api) => versionsOf(await api.load(siteFolder())),
        PYODIDE_FILES,
        (progress) => this.#events.onProgress?.(progress),
      )
      .then(
        (versions) => this.#events.onReady?.(versions),
        (error) => {
          engine.terminate(messageOf(error)); // the next load() tries again
          throw error;
        },
      );
    ready.catch(() => {}); // whoever waits for it is told
    return { engine, ready, isClean: true };
  }
}
