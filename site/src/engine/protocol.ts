// What a page and its workers say to each other: the messages, the methods of the workers, and what these take and give.

import type { Message } from './message';

/** Of a file of the site; Pyodide's core comes compiled. */
export type Content = ArrayBuffer | WebAssembly.Module;

/** Calls a method. */
export interface CallMessage {
  id: number;
  /** Which of those that the worker answers, where it has several. */
  api: string;
  method: string;
  args: unknown[];
  /** Whether the method takes a function as its last argument, which tells things before the result. */
  reports: boolean;
}

/** Hands in a file, or says why it does not come. */
export interface FileMessage {
  /** Its path in the site. */
  file: string;
  content?: Content;
  failure?: Message;
}

/** Asks for beats, see pulse.ts. */
export interface PulseMessage {
  pulse: MessagePort;
}

/** What a page sends. */
export type ToWorker = CallMessage | FileMessage | PulseMessage;

/** What a worker sends. The page checks it, for a visitor's program may have written it. */
export type FromWorker =
  /** Wishes for files of the site; `name` is what they are, for the visitor. */
  | { kind: 'files'; name: string; paths: string[] }
  /** What a method that was called tells before its result. */
  | { kind: 'report'; id: number; value: unknown }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: { name: string; message: Message } };

/** A worker's methods as a page calls them. */
export type Remote<Api> = {
  [K in keyof Api]: Api[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

/** What is running. */
export interface Versions {
  pyodide: string;
  python: string;
  numpy: string;
  pyconvlite: string;
  /** Which ones compute. */
  kernels: Message;
}

// The Train page: trainer.ts.

export interface TrainApi {
  /**
   * Loads Pyodide, NumPy, pyconvlite and MNIST.
   *
   * @param base  address of the site, with its last slash
   */
  load(base: string): Promise<Versions>;

  /** Forgets what it had for a page that is left. */
  reset(): void;

  /** Looks for a GPU. */
  findGpu(): Promise<Gpu>;

  /**
   * Tries whether the CPU or the GPU that was found trains a model faster, and says so.
   *
   * @param source  the model, in Python: a class of training.py, or a function of the number of classes
   */
  compare(source: string, batchSize: number): Promise<Message>;

  /**
   * Builds a model with random weights.
   *
   * @param source  as in compare()
   */
  build(source: string, classes: number): Promise<void>;

  /** Runs the program shown in the page and then its `steps`, to their end or to stop(). Whether it came to its end. */
  train(program: string, pace: Pace, report: (event: RunEvent) => void): Promise<boolean>;

  /** Tests the model on all test images; null after stop(), and where there are none. */
  test(report: (testing: Testing) => void): Promise<TestResult | null>;

  /** Holds train() or test() after the batches at work, and returns once it stands still. */
  pause(): Promise<void>;

  /** Goes on after pause(). */
  resume(pace: Pace): void;

  /** Ends train() or test() after the batches at work. */
  stop(): void;

  setPace(pace: Pace): void;

  /** Has what follows looked at with the model as it was at a moment of the latest run; null for the present. */
  turnTo(moment: number | null): void;

  /** The model's parameters as the npz file that `load_weights` reads. */
  weights(): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * Replaces the model by one with the given weights; if they do not fit, it stays and a PythonError says why.
   *
   * @param source  as in compare()
   * @param bytes  what `load_weights` reads
   * @param file  its name, for the message
   */
  loadWeights(source: string, bytes: Uint8Array, file: string, classes: number): Promise<void>;

  /**
   * What the model makes of a drawing.
   *
   * @param ink  0 paper to 255 ink, rows from the top
   */
  lookAtDrawing(ink: Uint8Array, width: number): Promise<Look>;

  /** What the model makes of a test image. */
  lookAtTestImage(index: number): Promise<Look>;

  /**
   * What the model reads in the first test images, and how long that took, waiting left out.
   *
   * @param shown  of so many the answers are wanted
   * @param scored  of so many the accuracy
   */
  read(shown: number, scored: number): Promise<{ reading: Reading; ms: number }>;

  /**
   * Changes a picture step by step until the model reads it as something else.
   *
   * @param picture  28 x 28, as the model receives it
   * @param target  what it shall be read as
   */
  walk(picture: Float32Array, target: number): Promise<Walk>;

  /**
   * The training images that are closest to a picture in the model's eyes; null where the model has changed meanwhile.
   *
   * @param picture  28 x 28, as the model receives it
   */
  closest(picture: Float32Array): Promise<Neighbour[] | null>;

  /**
   * The model as a file; see exporting.py.
   *
   * @param settings  JSON
   */
  exported(kind: string, settings: string, title: string): Promise<Uint8Array<ArrayBuffer>>;

  /** What is in a project's file; see exporting.py. */
  opened(bytes: Uint8Array, file: string): Promise<{ settings: string; weights?: Uint8Array<ArrayBuffer> }>;

  /**
   * Takes the model's answer to a picture apart, and says how long that took, waiting left out.
   *
   * @param picture  28 x 28, as the model receives it
   * @param target  the class whose saliency is wanted; the predicted one if left out
   */
  inspect(picture: Float32Array, target?: number): Promise<{ report: Report; ms: number }>;

  /**
   * How a pixel came about in the picture that was inspected last, and how long that took. Null where there is no such
   * pixel: the report that names it may be of a model that is gone.
   */
  detail(stage: number, channel: number, row: number, column: number): { detail: Detail | null; ms: number };

  /** Measures activations and gradients of each stage, and says how long that took, waiting left out. */
  probe(): Promise<{ measures: Measure[]; ms: number }>;
}

/** One batch of training, as training.py's Step. */
export interface Step {
  /** From 1. */
  epoch: number;
  /** Images seen in the whole run. */
  samples: number;
  loss: number;
  /** Share of the batch, before its update. */
  accuracy: number;
}

/** What train() reports. */
export type RunEvent =
  /** The model stands, and these kernels serve; the first step follows. */
  | { kind: 'start'; kernels: Message }
  /** The latest, in their order. */
  | { kind: 'steps'; steps: Step[] }
  | { kind: 'checkpoint'; weights: Uint8Array<ArrayBuffer>; samples: number }
  /** The model after so many images of the run can be looked at later. */
  | { kind: 'moment'; samples: number }
  /** The one batch that was wanted is done. */
  | { kind: 'paused' };

/** How fast training goes: one batch, a batch now and then, slower at first, or as fast as it can. */
export type Pace = 'step' | 'slow' | 'ease' | 'full';

/** What test() reports. */
export interface Testing {
  tested: number;
  total: number;
}

export interface Gpu {
  /** What keeps this page from computing on one. */
  missing?: Message;
}

/** Numbers of one array, last axis fastest. */
export interface Picture {
  shape: number[];
  data: Float32Array<ArrayBuffer>;
}

export interface Mistake {
  /** Into the test images. */
  index: number;
  label: number;
  predicted: number;
  /** Probability given to the wrong class. */
  confidence: number;
  /** 28 x 28. */
  pixels: Uint8Array<ArrayBuffer>;
}

export interface TestResult {
  accuracy: number;
  total: number;
  /** Rows: the label, columns: the prediction. */
  confusion: number[][];
  /** Worst first. */
  mistakes: Mistake[];
}

/** What the model makes of one picture. */
export interface Look {
  /** Of a test image. */
  label?: number;
  /** (28, 28), as the model receives it. */
  picture: Picture;
  probabilities: Picture;
}

/** What the model reads in test images. */
export interface Reading {
  /** In the first ones. */
  predicted: number[];
  /** Of some hundred. */
  accuracy: number;
  loss: number;
}

/** From a picture to one that the model reads as something else. */
export interface Walk {
  /** (steps + 1, 28, 28), the first one as it was. */
  pictures: Picture;
  /** (steps + 1, classes). */
  probabilities: Picture;
}

/** A training image that resembles a picture. */
export interface Neighbour {
  label: number;
  /** At most 1. */
  likeness: number;
  /** 28 x 28. */
  pixels: Uint8Array<ArrayBuffer>;
}

/** One step of the model's answer. */
export interface Stage {
  /** Whose weights it takes; '' if it takes none. */
  layer: string;
  /** A Function of pyconvlite. */
  kind: string;
  /** (C, H, W). */
  maps: Picture;
  /** The stages that it takes its input from; -1 for the picture. */
  sources: number[];
  /** (C, C of the input), what each map of the input gives; see inspecting.py. */
  links?: { flow: Picture; net: Picture };
}

/** What the model makes of a picture, step by step. */
export interface Report {
  predicted: number;
  /** The class that the saliency is about. */
  target: number;
  /** (28, 28), at least 0. */
  saliency: Picture;
  stages: Stage[];
}

/** How a pixel came about; see inspecting.py. */
export interface Detail {
  value: number;
  rule: 'sum' | 'max' | 'mean' | 'each';
  values?: number[];
  first?: number;
  top?: number;
  left?: number;
  /** Down and across, of a window that slides. */
  stride?: number[];
  dilation?: number[];
  window?: Picture;
  weights?: Picture;
  before?: Picture;
  products?: Picture;
  sums?: number[];
  bias?: number;
  /** (n, height, width), what each slice gives to the whole map. */
  parts?: Picture;
  taken?: number;
}

export interface Histogram {
  low: number;
  high: number;
  counts: number[];
}

/** How a stage does on the probe's images; see inspecting.py. */
export interface Measure {
  dead: number[];
  zeros: number;
  histogram: Histogram;
  gradient?: number;
  weights?: { now: Histogram; before: Histogram; change: number };
}

// Visitors' programs: runner.worker.ts. programs.ts checks what comes from there.

export interface RunApi {
  /**
   * Loads Pyodide, NumPy and pyconvlite.
   *
   * @param base  address of the site, with its last slash
   */
  load(base: string): Promise<Versions>;

  /**
   * Runs a program to its end, after those that were called for before: they share variables and output.
   *
   * @param onOutput  told what it prints and shows, in order
   */
  run(request: Request, onOutput: (output: Output) => void): Promise<Outcome>;

  /**
   * Names that may stand at a position of a program.
   *
   * @param position  in characters, not in UTF-16's units
   */
  complete(code: string, position: number): Name[];

  /** Files of the folder where programs run, without the site's own. */
  files(): FoundFile[];

  /** Puts a file there; false where none can be. */
  put(path: string, data: Uint8Array<ArrayBuffer>): boolean;

  /** The bytes of a file; null where it is gone, or too large. */
  read(path: string): Uint8Array<ArrayBuffer> | null;

  remove(path: string): void;
}

/** One program. */
export interface Request {
  code: string;
  /** Lines ahead of it, which run once: what they set is there again for the next program that has the same. */
  before?: string;
  /** Variables that it finds: numbers, strings, nested lists of numbers. */
  inputs?: Record<string, unknown>;
  /** Variables that it is asked for. */
  outputs?: string[];
  /** Whether it goes on with the variables of the program before. */
  keeps?: boolean;
  /**
   * Whether the value of its last line is shown, and its figures; packages that it imports, MNIST, and pretrained
   * weights are loaded then.
   */
  shows?: boolean;
}

/** A file in the folder where programs run. */
export interface FoundFile {
  /** In the folder. */
  path: string;
  /** In bytes. */
  size: number;
}

/** Numbers of one array, last axis fastest. */
export interface Values {
  shape: number[];
  data: Float64Array<ArrayBuffer>;
}

/** An exception of the visitor's program. */
export interface ProgramFault {
  /** `ValueError: ...` */
  message: string;
  /** Of the program's own lines. */
  traceback: string;
  /** Of the program, from 1, where it happened. */
  line: number | null;
}

export interface Outcome {
  /** The outputs; arrays and numbers as Values, others as text. */
  values: Record<string, Values | string>;
  fault: ProgramFault | null;
}

export interface Image {
  kind: 'image';
  /** A MIME type. */
  type: string;
  /** The file. */
  data: Uint8Array<ArrayBuffer>;
  /** The one for a dark page. */
  dark: Uint8Array<ArrayBuffer> | null;
  /** What it shows. */
  alt: string;
  /** How many of its pixels make one of the page's. */
  scale: number;
}

export interface Graph {
  kind: 'graph';
  /** In Graphviz's language. */
  dot: string;
}

export interface Html {
  kind: 'html';
  /** Not to be trusted. */
  html: string;
}

/** Of a program: text that it prints, or a thing that it shows. */
export type Output = string | Image | Graph | Html;

/** That may stand where somebody types. */
export interface Name {
  label: string;
  type: 'function' | 'class' | 'module' | 'property' | 'variable';
  /** The signature. */
  detail: string;
  /** First line of the documentation. */
  info: string;
}

// The benchmark: bench.worker.ts.

export interface BenchApi {
  /**
   * Loads Pyodide, NumPy and pyconvlite.
   *
   * @param base  address of the site, with its last slash
   */
  load(base: string): Promise<Versions>;

  /** What a function of bench.py finds. */
  measure(name: string, args: (string | number)[]): unknown;
}
