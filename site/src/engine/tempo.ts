// The pace of work in batches: rests between them, for people to follow; pause, resume and stop.

/** How fast training goes: one batch, a batch now and then, slower at first, or as fast as it can. */
export type Pace = 'step' | 'slow' | 'ease' | 'full';

/** Batches with a rest after each at the pace `ease`: 2.1 s in all, then it has learnt what one sees at a glance. */
export const EASED = 36;

/** Milliseconds that training rests after a batch, for people to follow. */
const REST: Record<Pace, (batch: number) => number> = {
  step: () => 0,
  slow: () => 400,
  ease: (batch) => (batch <= EASED ? 240 * 0.9 ** batch : 0),
  full: () => 0,
};

const nothing = () => {};

export class Tempo {
  #pace: Pace = 'full';
  #wish: 'run' | 'pause' | 'stop' = 'run';
  #wake = nothing;
  /** Ends a rest. */
  #hurry = nothing;
  /** Tells pause() that the work stands still. */
  #stands = nothing;

  /** Work begins, at the pace of the work before if none is given. */
  begin(pace: Pace = this.#pace): void {
    [this.#wish, this.#pace] = ['run', pace];
  }

  /** Work has ended. */
  end(): void {
    this.#stands();
  }

  setPace(pace: Pace): void {
    this.#pace = pace;
    this.#hurry();
  }

  /** Holds the work after the batches under way, and returns once it stands still. */
  pause(): Promise<void> {
    this.#wish = 'pause';
    this.#hurry();
    return new Promise((resolve) => {
      this.#stands = resolve;
    });
  }

  resume(): void {
    this.#wish = 'run';
    this.#wake();
  }

  /** Ends the work after the batches under way. */
  stop(): void {
    this.#wish = 'stop';
    this.#wake();
    this.#hurry();
  }

  /** Whether it neither is to stand still nor to end. */
  get runs(): boolean {
    return this.#wish === 'run';
  }

  /** Whether one batch is wanted alone. */
  get isSingle(): boolean {
    return this.#pace === 'step';
  }

  /** Milliseconds that it rests after a batch, counted from 1. */
  restAfter(batch: number): number {
    return REST[this.#pace](batch);
  }

  /** Rests, unless it is told something else. */
  rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Has the work stand still by itself. */
  hold(): void {
    this.#wish = 'pause';
  }

  /** Waits while it is held; false once it is to end. */
  async mayGoOn(): Promise<boolean> {
    while (this.#wish === 'pause') {
      this.#stands();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#wish !== 'stop';
  }
}
