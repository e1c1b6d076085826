// What learns one's own pictures for their page: networks for photos and for drawings, see own.py. Between two steps of
// training it returns to the event loop, so that questions and stop get in.

import drawings from '../../python/tab/drawings.py?raw';
import looking from '../../python/tab/looking.py?raw';
import own from '../../python/tab/own.py?raw';
import photos from '../../python/tab/photos.py?raw';
import running from '../../python/tab/running.py?raw';
import taking from '../../python/tab/taking.py?raw';
import training from '../../python/tab/training.py?raw';
import { breathe } from './breathe';
import { bytesOf } from './files';
import { loadPackages } from './packages';
import type { Versions } from './protocol';
import { lend, loadPython, type Pyodide, plain, writeModules } from './python';

/** What is learnt: photos in colour by a network that has seen many, or drawings by a small one. */
export type Way = 'photos' | 'drawings';

/** How far a training is. */
export interface Step {
  done: number;
  total: number;
  loss: number;
  /** Of the pictures of the step, before its update. */
  accuracy: number;
}

/** A held-out picture that was taken for another class. */
export interface Mistake {
  number: number;
  label: number;
  predicted: number;
  confidence: number;
}

/** How the network does on pictures that it never learnt from. */
export interface Result {
  total: number;
  right: number;
  /** Rows: the class, columns: the answer. */
  confusion: number[][];
  /** The surest first. */
  mistakes: Mistake[];
}

/** What the network makes of a picture. */
export interface Look {
  probabilities: number[];
  /** Where the likeliest class was seen, from 0 to 1. */
  cam: { shape: [number, number]; data: Float32Array };
  /** Learnt pictures, the most similar first. */
  alike: number[];
}

export type Take = 'page' | 'onnx' | 'safetensors';

const BREATH_MS = 30; // of steps, between two returns to the event loop

export class Learners {
  #py = null as unknown as Pyodide;
  // biome-ignore lint/suspicious/noExplicitAny: Python's
  #made: Partial<Record<Way, any>> = {};
  #stops = false;

  /** Loads Pyodide, NumPy and pyconvlite. `base` is the site's address, with its last slash. */
  async load(base: string): Promise<Versions> {
    this.#py = await loadPython(base);
    writeModules(this.#py, { training, looking, running, own, drawings, photos, taking });
    const state = this.#py.pyimport('tab.running');
    await state.start_threads(); // they cannot start while Python runs
    return { pyodide: this.#py.version, ...plain(state.versions()) };
  }

  /** Forgets what it had for a page that is left. */
  reset(): void {
    for (const learner of Object.values(this.#made)) learner.destroy();
    this.#made = {};
    this.#py.runPython('import gc; gc.collect()');
  }

  /** Makes the network for photos, of a file of the site that the page brings. */
  async loadBody(path: string): Promise<void> {
    const bytes = await bytesOf(path);
    this.#made.photos = lend(this.#py, [bytes], (lent) => this.#py.pyimport('tab.photos').Photos(lent));
  }

  /** Takes pictures; gives what can be kept of the work on each. */
  add(way: Way, numbers: number[], pictures: Uint8Array[]): Uint8Array<ArrayBuffer>[] {
    return plain(lend(this.#py, [numbers, pictures], (...lent) => this.#learner(way).add(...lent)));
  }

  /** Takes photos that an earlier visit has worked on. */
  put(numbers: number[], maps: Uint8Array[]): void {
    maps.forEach((each, i) => lend(this.#py, [each], (lent) => this.#learner('photos').put(numbers[i], lent)));
  }

  forget(way: Way, numbers: number[]): void {
    lend(this.#py, [numbers], (lent) => this.#learner(way).forget(lent));
  }

  /** Learns pictures, each of the class in `labels`, to the end or to stop(); `deep` goes on with the last block. */
  async train(
    way: Way,
    numbers: number[],
    labels: number[],
    classes: number,
    deep: boolean,
    report: (step: Step) => void,
  ): Promise<Result> {
    this.#stops = false;
    const learner = this.#learner(way);
    const steps = lend(this.#py, [numbers, labels], (...lent) => learner.train(...lent, classes, deep));
    try {
      let breath = performance.now();
      for (const step of steps) {
        const now = performance.now();
        if (now - breath < BREATH_MS) {
          step.destroy();
          continue;
        }
        report(plain(step));
        await breathe();
        if (this.#stops) break;
        breath = now;
      }
    } finally {
      steps.close?.();
      steps.destroy();
    }
    return plain(learner.result());
  }

  /** Ends train() after the step at work. */
  stop(): void {
    this.#stops = true;
  }

  look(way: Way, pixels: Uint8Array): Look {
    return plain(lend(this.#py, [pixels], (lent) => this.#learner(way).look(lent)));
  }

  /** What training has changed, for `restore`. */
  weights(way: Way): Uint8Array<ArrayBuffer> {
    return plain(this.#learner(way).weights());
  }

  /** Takes up what an earlier visit learnt from these pictures. */
  restore(way: Way, weights: Uint8Array, classes: number, numbers: number[], labels: number[]): void {
    lend(this.#py, [weights], (lent) => this.#learner(way).restore(lent, classes));
    this.#know(way, numbers, labels);
  }

  /** Takes up the network of a project. */
  open(way: Way, weights: Uint8Array, classes: number, numbers: number[], labels: number[]): void {
    lend(this.#py, [weights], (lent) => this.#learner(way).open(lent, classes));
    this.#know(way, numbers, labels);
  }

  /** A file with the network. */
  async take(way: Way, what: Take, names: string[], title: string): Promise<Uint8Array<ArrayBuffer>> {
    const taking = this.#py.pyimport('tab.taking');
    const learner = this.#learner(way);
    if (what === 'page') return plain(lend(this.#py, [names], (lent) => taking.page(learner, lent, title)));
    if (what === 'safetensors') return plain(taking.safetensors(learner));
    await loadPackages(this.#py, 'import google.protobuf');
    return plain(taking.onnx_file(learner));
  }

  /** A project of all pictures. */
  project(way: Way, trained: boolean, classes: [string, Uint8Array[]][]): Uint8Array<ArrayBuffer> {
    const learner = trained ? this.#learner(way) : null;
    const kind = way === 'photos' ? 'image' : 'drawing';
    return plain(
      lend(this.#py, [classes], (lent) => this.#py.pyimport('tab.taking').project_file(learner, lent, kind)),
    );
  }

  /** That for photos is there once loadBody() is through. */
  #learner(way: Way) {
    if (way === 'drawings') this.#made.drawings ??= this.#py.pyimport('tab.drawings').Drawings();
    return this.#made[way];
  }

  #know(way: Way, numbers: number[], labels: number[]): void {
    lend(this.#py, [numbers, labels], (...lent) => this.#learner(way).know(...lent));
  }
}
