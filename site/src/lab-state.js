// The state of a lab: what a page that trains shows.

/**
 * @typedef {import('./engine/python.js').Versions} Versions
 * @typedef {import('./engine/answers.js').Gpu} Gpu
 * @typedef {import('./message.js').Message} Message
 * @typedef {import('./engine/answers.js').TestResult} TestResult
 * @typedef {import('./engine/answers.js').Look} Look
 * @typedef {import('./engine/answers.js').Reading} Reading
 * @typedef {import('./engine/answers.js').Examples} Examples
 * @typedef {import('./engine/downloads.js').Progress} Progress
 * @typedef {import('./fault.js').Fault} Fault
 * @typedef {import('./settings.js').Settings} Settings
 *
 * @typedef {'loading' | 'failed' | 'idle' | 'training' | 'pausing' | 'paused' | 'stopping' | 'testing'} Phase
 *
 * @typedef {object} Curves  one entry a batch
 * @property {number[]} samples  images seen since the weights were random
 * @property {number[]} loss
 * @property {number[]} accuracy
 *
 * @typedef {object} Run
 * @property {Settings} settings
 * @property {Model} start  the model before this run
 * @property {number} done  images seen in this run
 * @property {number} total
 * @property {number} epoch  from 1
 * @property {number} seconds  time spent, pauses left out
 *
 * @typedef {object} Model  the one that the worker holds
 * @property {string} name
 * @property {'random' | 'trained' | 'uploaded'} origin
 * @property {number} samples  images it was trained on
 * @property {number} classes
 *
 * @typedef {object} Checkpoint  what a new worker, or the next visit, goes on with
 * @property {Model} model
 * @property {Uint8Array} bytes  its weights, an npz file
 * @property {Curves} [curves]  to the checkpoint at least
 *
 * @typedef {{ink: Uint8Array, width: number} | {index: number} | Own} Source  a drawing, a test image, or one's own
 *
 * @typedef {object} Own  a square picture
 * @property {Uint8Array} pixels  0 paper or white to 255 ink or black, rows from the top
 * @property {boolean} drawn  whether it is a drawing
 *
 * @typedef {object} Task  what a page trains
 * @property {boolean} mnist  whether MNIST is needed
 * @property {(settings: Settings) => string} program
 * @property {() => {name: string, classes: number}} first  the model that is there before any training
 * @property {() => Examples | null} examples  to learn from in place of MNIST
 *
 * @typedef {object} LabState
 * @property {Phase} phase
 * @property {Progress | null} progress  of a download
 * @property {Versions | null} versions
 * @property {Gpu | null} gpu  null until it is known
 * @property {Message | null} advice  which kernels are faster; null where that is not known
 * @property {Model | null} model
 * @property {Checkpoint | null} checkpoint  the latest
 * @property {Run | null} run  the latest
 * @property {Curves} curves  of the present model
 * @property {{tested: number, total: number} | null} testing
 * @property {TestResult | null} result  of the present model
 * @property {Source | null} source  what is looked at
 * @property {{look: Look, source: Source} | null} seen
 * @property {Reading | null} reading  of the first test images
 * @property {() => string} notice  what just happened
 * @property {Fault | null} fault
 */

export const noCurves = () => ({ samples: [], loss: [], accuracy: [] });

/** @type {LabState} */
export const FIRST_STATE = {
  phase: 'loading',
  progress: null,
  versions: null,
  gpu: null,
  advice: null,
  model: null,
  checkpoint: null,
  run: null,
  curves: noCurves(),
  testing: null,
  result: null,
  source: null,
  seen: null,
  reading: null,
  notice: () => '',
  fault: null,
};
