// What the network makes of the picture before it: one question at a time, the latest picture next.

import type { Look } from '../engine/learners';
import type { Trained } from './kept';
import type { Shot } from './shots';

const LOOK_MS = 70; // at least between two questions about the camera's pictures: the processor has other work, too
const RATE_MS = 2_000; // over which answers are counted

/** What the network made of a picture. */
export interface Seen {
  look: Look;
  /** The classes that it knows, in its order. */
  groups: number[];
  shot: Shot;
}

interface Asked {
  /** The one that could answer; null where there is none. */
  trained: () => Trained | null;
  isIdle: () => boolean;
  /** Null after an error, which is told. */
  ask: (shot: Shot) => Promise<Look | null>;
}

export class Looking {
  seen = $state.raw<Seen | null>(null);
  /** Answers a second. */
  rate = $state(0);

  readonly #asked: Asked;
  #wanted: Shot | null = null;
  #isLooking = false;
  /** Another object each time that what was looked at is gone. */
  #sight = {};
  #answers: number[] = [];

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  /** Asks the network about a picture; while it is busy, only the latest counts. */
  look(shot: Shot): void {
    this.#wanted = shot;
    this.next();
  }

  /** Asks about the same picture again, since the network has learnt. */
  again(): void {
    if (this.seen) this.#wanted ??= this.seen.shot;
    this.next();
  }

  /** There is nothing to look at. */
  away(): void {
    [this.#wanted, this.#sight, this.seen, this.rate] = [null, {}, null, 0];
  }

  /** Whether it would look at a picture at once. */
  get isFree(): boolean {
    return !this.#isLooking && !this.#wanted && this.#asked.isIdle();
  }

  /** Looks at what waits, if it can. */
  async next(): Promise<void> {
    const trained = this.#asked.trained();
    const shot = this.#wanted;
    if (!shot || this.#isLooking || !trained || !this.#asked.isIdle()) return;
    this.#wanted = null;
    this.#isLooking = true;
    const start = performance.now();
    const sight = this.#sight;
    const look = await this.#asked.ask(shot);
    if (look) this.#count();
    const isWanted = trained === this.#asked.trained() && sight === this.#sight;
    if (look && isWanted) this.seen = { look, groups: trained.groups, shot };
    const rest = Math.max(0, LOOK_MS - (performance.now() - start));
    await new Promise((resolve) => setTimeout(resolve, rest));
    this.#isLooking = false;
    this.next();
  }

  #count(): void {
    const now = performance.now();
    this.#answers = [...this.#answers.filter((time) => now - time < RATE_MS), now];
    const first = this.#answers[0];
    this.rate = now > first ? ((this.#answers.length - 1) * 1000) / (now - first) : 0;
  }
}
