// The course of a training as numbers.

/** Images seen since the weights were random, and what was measured then. */
export interface Curves {
  samples: number[];
  /** Of each batch, before its update; so is the accuracy. */
  loss: number[];
  accuracy: number[];
  /** On test images, now and then. */
  test: { samples: number[]; accuracy: number[]; loss: number[] };
}

export const noCurves = (): Curves => ({
  samples: [],
  loss: [],
  accuracy: [],
  test: { samples: [], accuracy: [], loss: [] },
});

/** The curves up to a number of images. */
export function cutAt({ samples, loss, accuracy, test }: Curves, last: number): Curves {
  const [length, tested] = [samples, test.samples].map((all) => all.filter((count) => count <= last).length);
  return {
    samples: samples.slice(0, length),
    loss: loss.slice(0, length),
    accuracy: accuracy.slice(0, length),
    test: {
      samples: test.samples.slice(0, tested),
      accuracy: test.accuracy.slice(0, tested),
      loss: test.loss.slice(0, tested),
    },
  };
}

const MOST_PAST = 0.94; // weight of the past in a smooth curve
const YOUNG = 5; // values after which half of that weight is there: the first ones change fast

/** The mean of each value and those before it, older ones counting less. */
export function smooth(values: number[]): number[] {
  let mean = 0;
  return values.map((value, i) => {
    const past = Math.min(MOST_PAST, i / (i + YOUNG));
    mean = past * mean + (1 - past) * value;
    return mean;
  });
}

/** Where an axis of images ends, so that a curve fills most of it: 1, 2 or 5 times a power of ten, or the run's own end. */
export function endOf(seen: number, total: number): number {
  const wanted = Math.max(1_000, 1.1 * seen);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const round = [1, 2, 5, 10].map((times) => times * power).find((end) => end >= wanted) ?? wanted;
  return total >= seen ? Math.min(round, Math.max(total, seen)) : round;
}

const KEPT = 200; // points of a curve that is put aside

/** Smooth curves of few points. */
export function thinned({ samples, loss, accuracy, test }: Curves): Curves {
  const step = Math.max(1, Math.ceil(samples.length / KEPT));
  const some = (values: number[]) => values.filter((_, i) => i % step === step - 1 || i === values.length - 1);
  return { samples: some(samples), loss: some(smooth(loss)), accuracy: some(smooth(accuracy)), test };
}

/** The mean of the last values; null where there are none. A single batch says little. */
export function latest(values: number[], count = 20): number | null {
  const last = values.slice(-count);
  return last.length ? last.reduce((sum, value) => sum + value, 0) / last.length : null;
}
