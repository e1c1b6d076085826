// The messages between a page and its workers.

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
