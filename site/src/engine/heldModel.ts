// The model that the training worker holds, and what the page asks about it: at present, or as it was at a moment.

import type { PyDict } from 'pyodide/ffi';
import { breathe } from './breathe';
import type { Detail, Look, Measure, Neighbour, Reading, Report, Walk } from './findings';
import { loadPackages } from './packages';
import { lend, type Pyodide, type PyProxy, plain } from './python';

const COMPARED = 5_000; // training images among which the closest ones are looked for

/** The site's Python modules, as far as they are called from here and by the worker. */
interface Training {
  __dict__: PyDict;
  build(maker: PyProxy, classes: number): PyProxy;
  load(maker: PyProxy, path: string, classes: number): PyProxy;
  weights(model: PyProxy): PyProxy;
  on_cpu(model: PyProxy): Promise<PyProxy>;
  read(steps: PyProxy): Promise<PyProxy>;
  training_set(count: number): PyProxy;
  test_set(): PyProxy;
  Evaluation(model: PyProxy, testSet: PyProxy): PyProxy;
}

interface Looking {
  look_at_drawing(model: PyProxy, drawing: PyProxy, width: number): PyProxy;
  look_at_example(model: PyProxy, testSet: PyProxy | null, index: number): PyProxy;
  read(model: PyProxy, testSet: PyProxy | null, shown: number, scored: number): PyProxy;
}

interface Inspecting {
  Inspector(testSet: PyProxy): Inspector;
}

interface Inspector extends PyProxy {
  start(model: PyProxy): void;
  inspect(model: PyProxy, picture: PyProxy, target?: number): PyProxy;
  detail(stage: number, channel: number, row: number, column: number): PyProxy | undefined;
  probe(model: PyProxy): PyProxy;
}

interface Fooling {
  Neighbours(images: PyProxy): Neighbours;
  walk(model: PyProxy, picture: PyProxy, target: number): PyProxy;
}

interface Neighbours extends PyProxy {
  /** Learns images batch by batch. */
  learn(model: PyProxy): PyProxy & Iterable<unknown>;
  closest(model: PyProxy, picture: PyProxy): PyProxy;
}

interface Moments extends PyProxy {
  /** Whether it was worth keeping. */
  keep(model: PyProxy, samples: number): boolean;
  at(moment: number, present: PyProxy): PyProxy;
}

export class HeldModel {
  protected py!: Pyodide;
  protected training!: Training;
  protected looking!: Looking;
  protected inspecting!: Inspecting;
  protected fooling!: Fooling;
  /** Names that the shown program uses and sets: `model`, `steps`. */
  protected scope!: PyDict;
  /** The model's during the latest run; null until there is a model. */
  protected moments: Moments | null = null;
  /** Null until there are images. */
  protected inspector: Inspector | null = null;
  /** Images that no training sees; null where there are none. */
  protected testSet: PyProxy | null = null;
  /** The moment that is looked at; null for the present. */
  protected moment: number | null = null;
  /** Once it has looked through the present model. */
  #neighbours: Neighbours | null = null;
  /** While it looks through the present model. */
  #learning: Promise<void> | null = null;
  /** How often the model that is looked at has become another one. */
  #changes = 0;

  /** The model's parameters as the npz file that `load_weights` reads. */
  weights(): Promise<Uint8Array<ArrayBuffer>> {
    return this.withModel((model) => plain(this.training.weights(model)));
  }

  /**
   * Replaces the model by one with the given weights; if they do not fit, it stays and a PythonError says why.
   *
   * @param source  as in compare()
   * @param bytes  what `load_weights` reads
   * @param file  its name, for the message
   */
  async loadWeights(source: string, bytes: Uint8Array, file: string, classes: number): Promise<void> {
    this.#withFile(bytes, file, (path) => this.hold(this.training.load(this.maker(source), path, classes)));
    await this.begin();
  }

  /**
   * What the model makes of a drawing.
   *
   * @param ink  0 paper to 255 ink, rows from the top
   */
  lookAtDrawing(ink: Uint8Array, width: number): Promise<Look> {
    return this.#ofShown((model) =>
      lend(this.py, [ink], (drawing) => this.looking.look_at_drawing(model, drawing, width)),
    );
  }

  /** What the model makes of a test image. */
  lookAtTestImage(index: number): Promise<Look> {
    return this.#ofShown((model) => this.looking.look_at_example(model, this.testSet, index));
  }

  /**
   * What the model reads in the first test images, and how long that took, waiting left out.
   *
   * @param shown  of so many the answers are wanted
   * @param scored  of so many the accuracy
   */
  read(shown: number, scored: number): Promise<{ reading: Reading; ms: number }> {
    return this.#withShown((model) => {
      const start = performance.now();
      const reading = plain<Reading>(this.looking.read(model, this.testSet, shown, scored));
      return { reading, ms: performance.now() - start };
    });
  }

  /**
   * Changes a picture step by step until the model reads it as something else.
   *
   * @param picture  28 x 28, as the model receives it
   * @param target  what it shall be read as
   */
  walk(picture: Float32Array, target: number): Promise<Walk> {
    return this.#ofShown((model) => lend(this.py, [picture], (pixels) => this.fooling.walk(model, pixels, target)));
  }

  /**
   * The training images that are closest to a picture in the model's eyes; null where the model has changed meanwhile.
   *
   * @param picture  28 x 28, as the model receives it
   */
  async closest(picture: Float32Array): Promise<Neighbour[] | null> {
    if (!this.#neighbours) {
      this.#learning ??= this.#learnNeighbours().finally(() => (this.#learning = null));
      await this.#learning; // one for all who ask meanwhile
    }
    const neighbours = this.#neighbours;
    if (!neighbours) return null;
    return this.#ofShown((model) => lend(this.py, [picture], (pixels) => neighbours.closest(model, pixels)));
  }

  /**
   * The model as a file; see exporting.py.
   *
   * @param settings  JSON
   */
  async exported(kind: string, settings: string, title: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.withModel(async (model) => {
      if (kind === 'onnx') await loadPackages(this.py, 'import google.protobuf');
      const exporting = this.py.pyimport('tab.exporting'); // here, for it takes a while
      return plain(exporting.exported(model, kind, settings, title));
    });
  }

  /** What is in a project's file; see exporting.py. */
  async opened(bytes: Uint8Array, file: string): Promise<{ settings: string; weights?: Uint8Array<ArrayBuffer> }> {
    const exporting = this.py.pyimport('tab.exporting');
    return plain(this.#withFile(bytes, file, (path) => exporting.opened(path)));
  }

  /**
   * Takes the model's answer to a picture apart, and says how long that took, waiting left out.
   *
   * @param picture  28 x 28, as the model receives it
   * @param target  the class whose saliency is wanted; the predicted one if left out
   */
  inspect(picture: Float32Array, target?: number): Promise<{ report: Report; ms: number }> {
    return this.#withShown((model) => {
      const start = performance.now();
      const found = lend(this.py, [picture], (pixels) => this.#inspector.inspect(model, pixels, target));
      return { report: plain<Report>(found), ms: performance.now() - start };
    });
  }

  /**
   * How a pixel came about in the picture that was inspected last, and how long that took. Null where there is no such
   * pixel: the report that names it may be of a model that is gone.
   */
  detail(stage: number, channel: number, row: number, column: number): { detail: Detail | null; ms: number } {
    const start = performance.now();
    const found = this.#inspector.detail(stage, channel, row, column);
    const detail = found ? plain<Detail>(found) : null;
    return { detail, ms: performance.now() - start };
  }

  /** Measures activations and gradients of each stage, and says how long that took, waiting left out. */
  probe(): Promise<{ measures: Measure[]; ms: number }> {
    return this.#withShown((model) => {
      const start = performance.now();
      return { measures: plain<Measure[]>(this.#inspector.probe(model)), ms: performance.now() - start };
    });
  }

  /** Has what follows looked at with the model as it was at a moment of the latest run; null for the present. */
  turnTo(moment: number | null): void {
    this.moment = moment;
    this.forget();
  }

  /** Takes a model as the present one. */
  protected hold(model: PyProxy): void {
    this.scope.set('model', model);
    model.destroy();
  }

  /** Has the present weights remembered as those before training. */
  protected begin(): Promise<void> {
    this.moments?.destroy(); // it keeps many models' worth of Parameters
    this.moments = this.py.pyimport('tab.moments').Moments();
    this.turnTo(null);
    return this.withModel((model) => this.inspector?.start(model));
  }

  /** What a model is made by. `source` is as in compare(). */
  protected maker(source: string): PyProxy {
    return this.py.runPython(source, { globals: this.training.__dict__ });
  }

  /** Drops what was computed with another model. */
  protected forget(): void {
    this.#changes += 1;
    this.#neighbours?.destroy();
    this.#neighbours = null;
  }

  /** Takes images that no training sees. */
  protected useTestSet(testSet: PyProxy): void {
    this.testSet = testSet;
    this.inspector = this.inspecting.Inspector(testSet);
  }

  /** Uses the present model, which a GPU hands over for it. */
  protected async withModel<T>(use: (model: PyProxy) => T | Promise<T>): Promise<T> {
    const present: PyProxy = this.scope.get('model');
    const model = await this.training.on_cpu(present);
    try {
      return await use(model);
    } finally {
      model.destroy();
      present.destroy();
    }
  }

  get #inspector(): Inspector {
    return this.inspector as Inspector; // the page asks once there are images
  }

  /** Null where the model has changed meanwhile. */
  async #learnNeighbours(): Promise<void> {
    const before = this.#changes;
    const images = this.training.training_set(COMPARED);
    const neighbours = this.fooling.Neighbours(images);
    images.destroy();
    const batches = await this.#withShown((model) => neighbours.learn(model));
    try {
      for (const _ of batches) {
        await breathe();
        if (this.#changes === before) continue;
        neighbours.destroy();
        return;
      }
    } finally {
      batches.destroy();
    }
    this.#neighbours = neighbours;
  }

  /** What Python finds in the model that is looked at, plain. */
  #ofShown<T>(find: (model: PyProxy) => PyProxy): Promise<T> {
    return this.#withShown((model) => plain<T>(find(model)));
  }

  /** Uses the present model, or that of the moment that is looked at. */
  #withShown<T>(use: (model: PyProxy) => T): Promise<T> {
    return this.withModel((present) => {
      if (this.moment === null || this.moments === null) return use(present);
      const model = this.moments.at(this.moment, present);
      try {
        return use(model);
      } finally {
        model.destroy();
      }
    });
  }

  /** Has Python read a file, which it calls by its name. */
  #withFile<T>(bytes: Uint8Array, file: string, use: (path: string) => T): T {
    const path = `uploads/${file}`;
    this.py.FS.mkdirTree('uploads');
    this.py.FS.writeFile(path, bytes);
    try {
      return use(path);
    } finally {
      this.py.FS.unlink(path);
    }
  }
}
