// Types of what a lab holds.

import type { Remote } from '../engine/protocol';
import type { Trainer } from '../engine/trainer';
import type { Curves } from './curves';
import type { Settings } from './settings';

export type Phase =
  | 'loading'
  | 'failed'
  | 'idle'
  | 'opening'
  | 'training'
  | 'pausing'
  | 'paused'
  | 'stopping'
  | 'testing';

/** The one that the worker holds. */
export interface Model {
  name: string;
  origin: 'random' | 'trained' | 'uploaded';
  /** Images it was trained on. */
  samples: number;
  classes: number;
}

export interface Run {
  settings: Settings;
  /** The model before this run. */
  start: Model;
  /** Images seen in this run. */
  done: number;
  total: number;
  /** From 1. */
  epoch: number;
  /** Time spent, pauses left out. */
  seconds: number;
}

/** What a new worker, or the next visit, goes on with. */
export interface Checkpoint {
  model: Model;
  /** Its weights, an npz file. */
  bytes: Uint8Array;
  /** To the checkpoint at least. */
  curves?: Curves;
}

/** A run that another one followed. */
export interface PastRun {
  id: number;
  settings: Pick<Settings, 'model' | 'optimizer' | 'learningRate' | 'batchSize'>;
  curves: Curves;
  /** On all test images, if it was tested. */
  accuracy?: number;
}

/** What is looked at: a drawing, 0 paper to 255 ink, or a test image. */
export type Source = { ink: Uint8Array; width: number } | { index: number };

/** How the parts of a lab ask the worker. */
export interface Asking {
  /** Whether there is one that can answer. */
  isThere(): boolean;
  call<T>(request: (api: Remote<Trainer>) => T): Promise<Awaited<T>>;
  /** Does something; an error becomes the fault that the page shows. */
  attempt(work: () => Promise<unknown>): Promise<void>;
  /** Waits until the page may show an answer. */
  turn(): Promise<void>;
}
