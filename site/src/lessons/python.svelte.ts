// One Python for all figures of a page: it starts once a figure is near, and runs one program after the other.

import { type Fault, faultOf } from '../app/fault';
import { NEAR, onceVisible } from '../app/visibility';
import type { Progress } from '../engine/downloads';
import { EngineGone } from '../engine/engine';
import { message } from '../engine/message';
import type { Versions } from '../engine/protocol';
import { Runner } from '../engine/runner';

class Python {
  /** Whether it was asked for. */
  isAsked = $state(false);
  progress = $state.raw<Progress | null>(null);
  versions = $state.raw<Versions | null>(null);
  /** What kept it from starting. */
  fault = $state.raw<Fault | null>(null);

  #made: Runner | undefined;
  /** Whether it did not start when it was asked to. */
  #hasFailed = false;
  /** What computes the figures that were near. */
  #met = new Set<() => void>();
  /** When all that was asked so far is done. */
  #idle: Promise<unknown> = Promise.resolve();
  /** Whose program runs. */
  #running: object | null = null;
  /** By whose programs wait for their turn: what takes them out of the row. */
  #waiting = new Map<object, () => void>();

  /** Made when it is first needed. */
  get #runner(): Runner {
    this.#made ??= new Runner({
      onProgress: (progress) => (this.progress = progress),
      onReady: (versions) => {
        [this.versions, this.fault] = [versions, null];
        if (this.#hasFailed) this.#met.forEach((update) => update());
        this.#hasFailed = false;
      },
      onGone: () => {
        if (!this.versions) return; // it never ran: load() tells
        this.versions = null;
        this.load(); // another one stands ready for the next program
      },
    });
    return this.#made;
  }

  /** Starts it, unless it runs or starts already. Whether it runs. */
  async load(): Promise<boolean> {
    const runner = this.#runner;
    if (!this.versions) [this.isAsked, this.progress, this.fault] = [true, null, null];
    try {
      await runner.load();
      return true;
    } catch (error) {
      if (runner !== this.#made) return false; // the page has been left
      this.#hasFailed = true;
      this.fault = faultOf(error as Error, false);
      return false;
    }
  }

  /** Runs somebody's program after all that were there before it: its time counts from its own start. */
  run(owner: object, ...[request, options]: Parameters<Runner['run']>): ReturnType<Runner['run']> {
    const runner = this.#runner;
    let leave = () => {};
    const stopped = new Promise<never>((_, reject) => {
      leave = () => reject(new EngineGone(message('stopped')));
    });
    this.#waiting.set(owner, leave);
    const outcome = this.#idle.then(async () => {
      await runner.load(); // until then to end it is to leave the row: Python itself goes on loading
      if (this.#waiting.get(owner) !== leave) return stopped; // the owner's next program may stand in the row already
      this.#waiting.delete(owner);
      this.#running = owner;
      return runner.run(request, options);
    });
    this.#idle = outcome.catch(() => {});
    return Promise.race([outcome, stopped]);
  }

  /** Ends somebody's program. If it runs, the next one finds a new Python. */
  stop(owner: object): void {
    const leave = this.#waiting.get(owner);
    this.#waiting.delete(owner);
    if (leave) leave();
    else if (owner === this.#running) this.#made?.stop(message('stopped'));
  }

  /** The page is left. */
  leave(): void {
    this.#made?.leave();
    [this.#made, this.#hasFailed, this.#idle] = [undefined, false, Promise.resolve()];
    this.#met.clear();
    this.#waiting.clear();
    [this.isAsked, this.progress, this.versions, this.fault] = [false, null, null, null];
  }

  /**
   * Has a figure computed once it is near, and again when a new Python stands in for one that did not start. Gives what
   * ends the watch.
   */
  whenNear(place: Element, update: () => void): () => void {
    const meet = () => {
      this.#met.add(update);
      this.load().then((runs) => runs && update());
    };
    const end = onceVisible(place, meet, NEAR);
    return () => {
      end();
      this.#met.delete(update);
    };
  }
}

export const python = new Python();
