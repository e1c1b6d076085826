// When the page may show something new.

import { restAfter } from '../app/frames';

const UNSEEN_MS = 100; // a page that nobody sees has no frames

export class Turns {
  #free: Promise<void> = Promise.resolve();

  /** Waits until what was shown before has been painted, and the page has rested from it. */
  next(): Promise<void> {
    const turn = this.#free;
    this.#free = turn.then(rest);
    return turn;
  }
}

/** Takes the time of the frame that shows what the page is told now, and rests accordingly. */
async function rest(): Promise<void> {
  const start = performance.now();
  await new Promise<void>((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve)); // after it is painted
    setTimeout(resolve, UNSEEN_MS);
  });
  const ms = restAfter(performance.now() - start);
  if (ms) await new Promise((resolve) => setTimeout(resolve, ms));
}
