// How a page learns that a worker is gone which the browser ended without a word, for want of memory say: the worker
// holds a lock as long as it lives, and whoever waits for the same lock gets it then.
//
// Web Locks need a secure page; on any other such an end goes unnoticed.

/** Held, or nothing to be held. @type {Promise<void>} */
let held = Promise.resolve();

/** In the worker: holds the lock that the page names first of all. */
export function holdLife() {
  addEventListener('message', ({ data }) => {
    if (typeof data?.life !== 'string' || !navigator.locks) return;
    held = new Promise((resolve) => {
      const hold = () => {
        resolve();
        return new Promise(() => {}); // until the worker's end
      };
      navigator.locks.request(data.life, hold).catch(() => resolve()); // refused: the end will go unnoticed
    });
  });
}

/** In the worker: settled once it holds its lock. The page may wait for its end then. */
export const lifeHeld = () => held;

/** In the page: names the lock. @param {Worker} worker  just made */
export function nameLife(worker) {
  const life = `life of a worker, ${Date.now()} ${Math.random()}`;
  worker.postMessage({ life });
  return life;
}

/**
 * In the page: tells when the worker is gone; never, where that cannot be known.
 *
 * @param {string} life
 * @param {() => void} onEnd
 */
export const watchLife = (life, onEnd) => void navigator.locks?.request(life, onEnd).catch(() => {});
