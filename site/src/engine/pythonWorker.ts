// A worker with one Python in it, whichever page uses it: what it answers and asks for, and the files that it has. What
// comes from it is data: results, reports and errors of calls, and wishes for files of the site.
//
// A page that is left gives its worker back, and the next one that needs one of that kind finds Python running. What ran
// a visitor's program is never given back, see runner.ts.

import { MNIST_FILES, PYODIDE_FILES } from './assets';
import { download, forgetCore, isFile, type Progress } from './downloads';
import { startIsolated } from './isolation';
import { CodedError, type Message, message, messageOf } from './message';
import type { FileMessage, ToWorker } from './protocol';
import { watchPulse } from './pulse';
import { label, list, number, object, record, told } from './shapes';

/** A call that waits. */
interface Waiting {
  sent: ToWorker;
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  report?: (value: unknown) => void;
}

/** Who has it. */
export interface User {
  /** Called once, when the worker is gone. */
  onGone: (reason: Message) => void;
  /** How files that the worker asked for arrive. */
  onFiles: (name: string, progress: Progress) => void;
  /** How files arrive that load() brings, also those that another page began to. */
  onProgress: (progress: Progress) => void;
}

const MOST_MESSAGES = 2_000; // in a second; with more the page would not get to anything else
const MOST_FILES = 1_000; // that it asks for at once
const MOST_LETTERS = 1_000; // of an error that it does not catch

/** So many may stand idle: each takes some hundred megabytes, which small devices do not have twice. */
const MOST_IDLE = ((navigator as { deviceMemory?: number }).deviceMemory ?? 8) < 8 ? 1 : 2;

const NOBODY: User = { onGone: () => {}, onFiles: () => {}, onProgress: () => {} };

/** Files that a worker has for good, once they were brought. */
const LASTING = new Set([...PYODIDE_FILES, ...MNIST_FILES]);

const messageShape = record({ kind: label });
const answerShape = record({ id: number });
const errorShape = record({ error: record({ name: label, message: told }) });
const wishShape = record({ name: label, paths: list(label, MOST_FILES) });

/** Workers that no page uses now; oldest first. */
const idle: PythonWorker[] = [];

/** All that run. */
const running = new Set<PythonWorker>();

/**
 * A document that the browser keeps for the way back ends its workers, and is loaded anew when the visitor comes back:
 * Firefox never frees the memory of workers that are kept so, and after a dozen documents no Python started.
 */
function onPageHide({ persisted }: PageTransitionEvent): void {
  if (!persisted || !running.size) return;
  for (const each of running) each.drop();
  forgetCore();
  addEventListener('pageshow', comeBack);
}

function comeBack(): void {
  addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), { capture: true }); // it was asked on the way out
  location.reload();
}

export class PythonWorker {
  user: User = NOBODY;
  readonly #address: string;
  readonly #isOwn: boolean;
  #worker!: Promise<Worker>;
  readonly #calls = new Map<number, Waiting>();
  /** Files on their way to it. */
  readonly #coming = new Set<string>();
  #lastCall = 0;
  #isGone = false;
  /** Whether it has given a result. */
  #hasAnswered = false;
  readonly #has = new Set<string>();
  /** All that was brought before its first result. */
  readonly #first = new Set<string>();
  /** Ends the watch over its pulse. */
  #unwatch = () => {};

  private constructor(address: string, isOwn: boolean) {
    [this.#address, this.#isOwn] = [address, isOwn];
    this.#start();
  }

  #start(): void {
    running.add(this);
    addEventListener('pagehide', onPageHide);
    const starting = startIsolated(this.#address, 'python', this.#isOwn);
    this.#worker = starting;
    starting.then(
      (worker) => this.#worker === starting && this.#listen(worker),
      (error) => this.terminate(messageOf(error)),
    );
  }

  /**
   * One that stands idle, or a new one.
   *
   * @param address  of the worker's module
   * @param isOwn  whether it never runs a visitor's program, see isolation.ts
   */
  static take(address: string, isOwn: boolean): PythonWorker {
    const found = idle.findIndex((each) => each.#address === address && each.#isOwn === isOwn);
    return found < 0 ? new PythonWorker(address, isOwn) : idle.splice(found, 1)[0];
  }

  /** Nobody uses it any more. */
  giveBack(): void {
    this.user = NOBODY;
    if (this.#isGone) return;
    idle.push(this);
    if (idle.length > MOST_IDLE) idle[0].terminate();
  }

  /** `api`: which of those that it answers, where it has several. */
  ask(api: string, method: string, args: unknown[]): Promise<unknown> {
    const report = typeof args.at(-1) === 'function' ? (args.pop() as Waiting['report']) : undefined;
    const id = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      const sent = { id, api, method, args, reports: report !== undefined };
      this.#calls.set(id, { sent, resolve, reject, report });
      this.#post(sent).catch(reject);
    });
  }

  /** Brings files that it needs, unless it has them. */
  bring(paths: string[]): void {
    if (!this.#hasAnswered) for (const path of paths) this.#first.add(path);
    const missing = paths.filter((path) => !this.#has.has(path));
    for (const path of missing) if (LASTING.has(path)) this.#has.add(path);
    this.#bring(missing, (progress) => this.user.onProgress(progress));
  }

  /** Starts anew what hangs before its first result, with its files and calls; whether it was to be done. */
  restart(): boolean {
    if (this.#isGone || this.#hasAnswered || this.#coming.size) return false;
    this.drop();
    this.#start();
    this.#has.clear();
    this.bring([...this.#first]);
    for (const { sent, reject } of this.#calls.values()) this.#post(sent).catch(reject);
    return true;
  }

  /** Ends it at once, whatever it does. */
  terminate(reason: Message = message('stopped')): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.drop();
    if (idle.includes(this)) idle.splice(idle.indexOf(this), 1);
    this.user.onGone(reason);
  }

  /** Ends it, which nobody is told. */
  drop(): void {
    running.delete(this);
    this.#unwatch();
    this.#worker.then(
      (worker) => worker.terminate(),
      () => {}, // there is none
    );
  }

  #listen(worker: Worker): void {
    if (this.#isGone) return;
    this.#unwatch = watchPulse(worker, () => this.terminate(message('worker-ended')));
    worker.onerror = (event) => {
      event.preventDefault();
      this.terminate(
        event.message ? messageOf(new Error(event.message.slice(0, MOST_LETTERS))) : message('worker-not-started'),
      );
    };
    let second = 0;
    let count = 0;
    worker.onmessage = ({ data, timeStamp }: MessageEvent<unknown>) => {
      if (this.#isGone) return;
      if (timeStamp - second > 1000) [second, count] = [timeStamp, 0];
      if (++count > MOST_MESSAGES) return this.terminate(message('flooded'));
      try {
        this.#take(data);
      } catch (error) {
        this.terminate(messageOf(error as Error));
      }
    };
  }

  /** Takes what the worker says: a FromWorker, if it keeps to the protocol. */
  #take(data: unknown): void {
    const { kind } = messageShape(data);
    if (kind === 'files') {
      const { name, paths } = wishShape(data);
      this.#bring(paths, (progress) => this.user.onFiles(name, progress));
      return;
    }
    const { id } = answerShape(data);
    const call = this.#calls.get(id);
    if (!call) return;
    const { value } = object(data);
    if (kind === 'report') {
      call.report?.(value);
      return;
    }
    this.#calls.delete(id);
    this.#hasAnswered = true;
    if (kind === 'result') {
      call.resolve(value);
    } else {
      const { name, message: reason } = errorShape(data).error;
      call.reject(Object.assign(new CodedError(reason), { name }));
      if (idle.includes(this)) this.terminate(); // it has not loaded, or not forgotten: of no use to the next page
    }
  }

  /** Hands files to the worker, each as it arrives; however often it asks, one is fetched once at a time. */
  #bring(paths: string[], onProgress: (progress: Progress) => void): void {
    const wanted = [...new Set(paths)].filter((path) => !this.#coming.has(path));
    const known = wanted.filter(isFile);
    for (const file of wanted.filter((path) => !isFile(path))) {
      this.#post({ file, failure: message('download-refused', { file, status: 404 }) });
    }
    const hand = (sent: FileMessage, moved: Transferable[] = []) => {
      this.#coming.delete(sent.file);
      this.#post(sent, moved);
    };
    for (const [file, arriving] of download(known, (progress) => this.#isGone || onProgress(progress))) {
      this.#coming.add(file);
      arriving.then(
        (content) => hand({ file, content }, content instanceof ArrayBuffer ? [content] : []),
        (error) => hand({ file, failure: messageOf(error) }),
      );
    }
  }

  async #post(sent: ToWorker, moved: Transferable[] = []): Promise<void> {
    const worker = await this.#worker.catch(() => null);
    worker?.postMessage(sent, moved);
  }
}
