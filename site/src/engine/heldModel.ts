// The model that the training worker holds, and what the page asks about it: at present, or as it was at a moment.

import type { PyDict } from 'pyodide/ffi';
import { breathe } from './breathe';
import { loadPackages } from './packages';
import type { Detail, Look, Measure, Neighbour, Reading, Report, Walk } from './protocol';
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
  py!: Pyodide;
  training!: Training;
  looking!: Looking;
  inspecting!: Inspecting;
  fooling!: Fooling;
  /** Names that the shown program uses and sets: `model`, `steps`. */
  scope!: PyDict;
  /** The model's during the latest run; null until there is a model. */
  moments: Moments | null = null;
  /** Null until there are images. */
  inspector: Inspector | null = null;
  /** Images that no training sees; null where there are none. */
  testSet: PyProxy | null = null;
  /** The moment that is looked at; null for the present. */
  moment: number | null = null;
  /** Once it has looked through the present model. */
  neighbours: Neighbours | null = null;
  /** While it looks through the present model. */
  #learning: Promise<void> | null = null;
  /** How often the model that is looked at has become another one. */
  changes = 0;

  // What the page asks for: see TrainApi in protocol.ts.

  weights(): Promise<Uint8Array<ArrayBuffer>> {
    return this.ofModel((model) => this.training.weights(model));
  }

  async loadWeights(source: string, bytes: Uint8Array, file: string, classes: number): Promise<void> {
    this.#withFile(bytes, file, (path) => this.hold(this.training.load(this.maker(source), path, classes)));
    await this.begin();
  }

  lookAtDrawing(ink: Uint8Array, width: number): Promise<Look> {
    return this.#ofShown((model) =>
      lend(this.py, [ink], (drawing) => this.looking.look_at_drawing(model, drawing, width)),
    );
  }

  lookAtTestImage(index: number): Promise<Look> {
    return this.#ofShown((model) => this.looking.look_at_example(model, this.testSet, index));
  }

  read(shown: number, scored: number): Promise<{ reading: Reading; ms: number }> {
    return this.#withShown((model) => {
      const start = performance.now();
      const reading = plain<Reading>(this.looking.read(model, this.testSet, shown, scored));
      return { reading, ms: performance.now() - start };
    });
  }

  walk(picture: Float32Array, target: number): Promise<Walk> {
    return this.#ofShown((model) => lend(this.py, [picture], (pixels) => this.fooling.walk(model, pixels, target)));
  }

  async closest(picture: Float32Array): Promise<Neighbour[] | null> {
    if (!this.neighbours) {
      this.#learning ??= this.#learnNeighbours().finally(() => (this.#learning = null));
      await this.#learning; // one for all who ask meanwhile
    }
    const { neighbours } = this;
    if (!neighbours) return null;
    return this.#ofShown((model) => lend(this.py, [picture], (pixels) => neighbours.closest(model, pixels)));
  }

  async exported(kind: string, settings: string, title: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.withModel(async (model) => {
      if (kind === 'onnx') await loadPackages(this.py, 'import google.protobuf');
      const exporting = this.py.pyimport('tab.exporting'); // here, for it takes a while
      return plain(exporting.exported(model, kind, settings, title));
    });
  }

  async opened(bytes: Uint8Array, file: string): Promise<{ settings: string; weights?: Uint8Array<ArrayBuffer> }> {
    const exporting = this.py.pyimport('tab.exporting');
    return plain(this.#withFile(bytes, file, (path) => exporting.opened(path)));
  }

  inspect(picture: Float32Array, target?: number): Promise<{ report: Report; ms: number }> {
    return this.#withShown((model) => {
      const start = performance.now();
      const found = lend(this.py, [picture], (pixels) => this.#inspector.inspect(model, pixels, target));
      return { report: plain<Report>(found), ms: performance.now() - start };
    });
  }

  detail(stage: number, channel: number, row: number, column: number): { detail: Detail | null; ms: number } {
    const start = performance.now();
    const found = this.#inspector.detail(stage, channel, row, column);
    const detail = found ? plain<Detail>(found) : null;
    return { detail, ms: performance.now() - start };
  }

  probe(): Promise<{ measures: Measure[]; ms: number }> {
    return this.#withShown((model) => {
      const start = performance.now();
      return { measures: plain<Measure[]>(this.#inspector.probe(model)), ms: performance.now() - start };
    });
  }

  turnTo(moment: number | null): void {
    this.moment = moment;
    this.forget();
  }

  /** Takes a model as the present one. */
  hold(model: PyProxy): void {
    this.scope.set('model', model);
    model.destroy();
  }

  /** Has the present weights remembered as those before training. */
  begin(): Promise<void> {
    this.moments?.destroy(); // it keeps many models' worth of Parameters
    this.moments = this.py.pyimport('tab.moments').Moments();
    this.turnTo(null);
    return this.withModel((model) => this.inspector?.start(model));
  }

  /** What a model is made by. `source` is as in compare(). */
  maker(source: string): PyProxy {
    return this.py.runPython(source, { globals: this.training.__dict__ });
  }

  /** Drops what was computed with another model. */
  forget(): void {
    this.changes += 1;
    this.neighbours?.destroy();
    this.neighbours = null;
  }

  /** Takes images that no training sees. */
  useTestSet(testSet: PyProxy): void {
    this.testSet = testSet;
    this.inspector = this.inspecting.Inspector(testSet);
  }

  /** What Python finds in the present model, plain. */
  ofModel<T>(find: (model: PyProxy) => PyProxy): Promise<T> {
    return this.withModel((model) => plain<T>(find(model)));
  }

  /** Uses the present model, which a GPU hands over for it. */
  async withModel<T>(use: (model: PyProxy) => T | Promise<T>): Promise<T> {
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
    const before = this.changes;
    const images = this.training.training_set(COMPARED);
    const neighbours = this.fooling.Neighbours(images);
    images.destroy();
    const batches = await this.#withShown((model) => neighbours.learn(model));
    try {
      for (const _ of batches) {
        await breathe();
        if (this.changes === before) continue;
        neighbours.destroy();
        return;
      }
    } finally {
      batches.destroy();
    }
    this.neighbours = neighbours;
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
