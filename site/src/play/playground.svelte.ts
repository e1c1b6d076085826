// The playground: what runs, what came of it, and the state that follows.

import { type Fault, faultOf } from '../app/fault';
import { texts } from '../app/language.svelte';
import { told } from '../app/told';
import type { Progress } from '../engine/downloads';
import { EngineGone } from '../engine/engine';
import { messageOf } from '../engine/message';
import type { Name, Outcome } from '../engine/programs';
import type { Versions } from '../engine/protocol';
import { Runner } from '../engine/runner';
import * as drawing from './drawing';
import { Files } from './files.svelte';
import { Output } from './output.svelte';

const text = texts(
  {
    loading: 'Python is starting.',
    ready: 'Ready.',
    running: 'Running …',
    fetching: (name: string) => `Loading ${name}.`,
    done: (seconds: string) => `Done in ${seconds} s.`,
    failedOn: (message: string, line: number) => `Line ${line}: ${message}`,
    stopped: 'Stopped. The program’s variables are gone.',
    gone: 'Python ended, and the program’s variables are gone.',
  },
  {
    loading: 'Python を起動しています。',
    ready: '準備ができました。',
    running: '実行しています …',
    fetching: (name) => `${name} を読み込んでいます。`,
    done: (seconds) => `${seconds} 秒で終わりました。`,
    failedOn: (message, line) => `${line} 行目: ${message}`,
    stopped: '停止しました。プログラムの変数は失われました。',
    gone: 'Python が終了し、プログラムの変数は失われました。',
  },
);

type Notice = () => string;

export class Playground {
  phase = $state<'loading' | 'failed' | 'idle' | 'running'>('loading');
  /** Of a download. */
  progress = $state.raw<Progress | null>(null);
  /** What is downloaded then. */
  loads = $state('Python');
  versions = $state.raw<Versions | null>(null);
  /** What just happened, in the visitor's language. */
  notice = $state.raw<Notice>(() => text().loading);
  /** That ended Python. */
  fault = $state.raw<Fault | null>(null);
  /** Of the program, where it failed. */
  line = $state<number | null>(null);

  readonly output = new Output();
  readonly files;
  readonly #runner;
  /** The program whose output is taken; none any more, once it was stopped. */
  #program: symbol | null = null;

  constructor() {
    this.#runner = new Runner(
      {
        onProgress: (progress) => {
          if (this.phase === 'loading') [this.progress, this.loads] = [progress, 'Python']; // not of a spare
        },
        onFiles: (name, progress) => {
          if (this.phase === 'running') this.#showFiles(name, progress);
        },
        onReady: (versions) => {
          this.versions = versions;
        },
        onGone: (error) => {
          if (this.phase === 'idle') this.#fail(error);
        },
      },
      true,
    );
    this.files = new Files(this.#runner);
  }

  /** Starts Python, or takes the spare one; `notice` tells that it is there. */
  async start(notice: Notice = () => text().ready): Promise<void> {
    [this.phase, this.progress, this.fault, this.notice] = ['loading', null, null, () => text().loading];
    try {
      await this.#runner.load();
      await this.files.restore();
      [this.phase, this.progress, this.notice] = ['idle', null, notice];
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** Runs a program from its beginning. */
  async run(code: string): Promise<void> {
    this.output.clear();
    await this.#execute(code, false);
  }

  /** Runs one more line, with the variables of the program. */
  async enter(line: string): Promise<void> {
    this.output.add({ kind: 'entry', text: line });
    await this.#execute(line, true);
  }

  /** Ends the program at once, and its Python with it. */
  stop(): void {
    this.#program = null; // what it printed and is still on its way is left out
    this.#runner.stop();
  }

  /** The page is left. */
  leave(): void {
    this.#program = null;
    drawing.leave();
    this.#runner.leave();
  }

  /** Names for the editor to offer. */
  async complete(code: string, position: number): Promise<Name[]> {
    if (this.phase !== 'idle') return []; // Python is busy
    try {
      return await this.#runner.complete(code, position);
    } catch {
      return []; // it was ended meanwhile, which onGone tells
    }
  }

  async #execute(code: string, keeps: boolean): Promise<void> {
    if (this.phase !== 'idle') return;
    const program = Symbol('program');
    this.#program = program;
    [this.phase, this.line, this.notice] = ['running', null, () => text().running];
    const began = performance.now();
    drawing.begin();
    try {
      const { fault } = await this.#runner.run(
        { code, keeps, shows: true },
        {
          onOutput: (output) => {
            if (program === this.#program) this.output.take(output);
          },
        },
      );
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const line = keeps ? null : (fault?.line ?? null);
      if (fault) this.output.add({ kind: 'fault', text: fault.traceback, line });
      await this.files.look();
      [this.phase, this.progress, this.line] = ['idle', null, line];
      this.notice = noticeOf(fault && { ...fault, line }, seconds);
    } catch (thrown) {
      const error = thrown as Error;
      if (this.#program === null) {
        const says = () => text().stopped;
        this.output.add({ kind: 'stopped', says });
        await this.start(says);
      } else if (error instanceof EngineGone) {
        this.#fail(error);
      } else {
        // A package that could not be fetched: Python goes on.
        const message = messageOf(error);
        this.output.add({ kind: 'fault', text: told(message), line: null });
        [this.phase, this.progress, this.notice] = ['idle', null, () => told(message)];
      }
    } finally {
      drawing.end();
    }
  }

  /** Shows how what the program imports arrives. */
  #showFiles(name: string, progress: Progress): void {
    const isOver = progress.loaded === progress.total;
    [this.progress, this.loads] = [isOver ? null : progress, name];
    this.notice = () => (isOver ? text().running : text().fetching(name));
  }

  #fail(error: Error): void {
    const began = this.versions !== null;
    [this.phase, this.progress, this.fault] = ['failed', null, faultOf(error, false)];
    this.notice = () => (began ? text().gone : '');
  }
}

function noticeOf(fault: Pick<NonNullable<Outcome['fault']>, 'message' | 'line'> | null, seconds: string): Notice {
  if (!fault) return () => text().done(seconds);
  const { message, line } = fault;
  return () => (line === null ? message : text().failedOn(message, line));
}
