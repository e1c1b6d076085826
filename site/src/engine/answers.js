// What goes to the worker that trains and what comes back from it: types alone.

/**
 * @typedef {import('../message.js').Message} Message
 *
 * @typedef {object} Step  one batch of training, as training.py's Step
 * @property {number} epoch  from 1
 * @property {number} samples  images seen in the whole run
 * @property {number} loss
 * @property {number} accuracy  share of the batch, before its update
 *
 * @typedef {{kind: 'start', kernels: Message}} RunStart  the model stands, and these kernels serve; the first step follows
 * @typedef {{kind: 'steps', steps: Step[]}} RunSteps  the latest, in their order
 * @typedef {{kind: 'checkpoint', weights: Uint8Array<ArrayBuffer>, samples: number}} RunCheckpoint
 * @typedef {RunStart | RunSteps | RunCheckpoint} RunEvent  what train() reports
 *
 * @typedef {{tested: number, total: number}} Testing  what test() reports
 *
 * @typedef {{missing?: Message}} Gpu  what keeps this page from computing on one
 *
 * @typedef {{shape: number[], data: Float32Array<ArrayBuffer>}} Picture  numbers of one array, last axis fastest
 *
 * @typedef {object} Examples  pictures of the visitor's own classes; see pictures.py
 * @property {Uint8Array} pixels  of one square picture after the other, 0 paper or white to 255 ink or black
 * @property {Uint8Array} drawn  of each 1 for a drawing, 0 for a photo
 * @property {Uint8Array} label  of each the number of its class
 *
 * @typedef {object} Mistake
 * @property {number} index  into the test images
 * @property {number} label
 * @property {number} predicted
 * @property {number} confidence  probability given to the wrong class
 * @property {Uint8Array<ArrayBuffer>} pixels  28 x 28
 *
 * @typedef {object} TestResult
 * @property {number} accuracy
 * @property {number} total
 * @property {number[][]} confusion  rows: the label, columns: the prediction
 * @property {Mistake[]} mistakes  worst first
 *
 * @typedef {object} Look  what the model makes of one picture
 * @property {number} [label]  of a test image
 * @property {Picture} picture  (28, 28), as the model receives it
 * @property {Picture} probabilities
 * @property {Picture} filters  (n, height, width) of the first layer
 * @property {Picture} maps  (n, height, width): the first layer's output after ReLU
 *
 * @typedef {object} Stage  one step of the model's answer
 * @property {string} layer  whose weights it takes; '' if it takes none
 * @property {string} kind  a Function of pyconvlite
 * @property {Picture} maps  (C, H, W)
 *
 * @typedef {object} Report  what the model makes of a picture, step by step
 * @property {number} predicted
 * @property {number} target  the class that the saliency is about
 * @property {Picture} saliency  (28, 28), at least 0
 * @property {Stage[]} stages
 *
 * @typedef {object} Detail  how a pixel came about; see inspecting.py
 * @property {number} value
 * @property {'sum' | 'max' | 'mean' | 'each'} rule
 * @property {number[]} [values]
 * @property {number} [first]
 * @property {number} [top]
 * @property {number} [left]
 * @property {Picture} [window]
 * @property {Picture} [weights]
 * @property {Picture} [before]
 * @property {Picture} [products]
 * @property {number[]} [sums]
 * @property {number} [bias]
 * @property {number} [taken]
 *
 * @typedef {{low: number, high: number, counts: number[]}} Histogram
 *
 * @typedef {object} Measure  how a stage does on the probe's images; see inspecting.py
 * @property {number[]} dead
 * @property {number} zeros
 * @property {Histogram} histogram
 * @property {number} [gradient]
 * @property {{now: Histogram, before: Histogram, change: number}} [weights]
 *
 * @typedef {object} Reading  what the model reads in some images
 * @property {Uint8Array<ArrayBuffer>} pixels  28 x 28 for each image
 * @property {number[]} labels
 * @property {number[]} predicted
 */

export {};
