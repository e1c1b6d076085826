/**
 * The nets of nets_table.py in frameworks that run under Node, on one thread each, as nets.py asks.
 *
 * Usage: node nets.mjs FOLDER PYODIDE WHEEL: reads what nets.py wrote into FOLDER. Each line of the input is a
 * question in JSON, answered as answers.py says.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';
import { startPyodide } from './pyodide_peers.mjs';

/**
 * @typedef {object} Described a contestant, as nets.py reads it
 * @property {string} name
 * @property {string} measured
 * @property {number[]} output
 * @property {number} first
 *
 * @typedef {object} Operation of a net for TensorFlow.js
 * @property {'conv' | 'depthwise' | 'linear' | 'max' | 'mean' | 'flatten'} op
 * @property {number} stride
 * @property {number} pad
 * @property {number} kernel
 * @property {boolean} relu
 * @property {{at: number, shape: number[]}} W where its numbers are
 * @property {{at: number, shape: number[]}} b
 */

const [folder, pyodideFolder, wheel] = process.argv.slice(2).map((path) => resolve(path));
console.log = console.info = console.error; // the output is for the answers
const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
/** @type {Record<string, number[]>} */
const shapes = JSON.parse(readFileSync(join(folder, 'shapes.json'), 'utf8'));

const url = pathToFileURL(join(pyodideFolder, 'pyodide.mjs')).href;
const pyodide = await startPyodide(url, read(wheel), read(join(folder, 'bundle.zip')));
const python = pyodide.pyimport('nets_models').answers();
ort.env.wasm.numThreads = 1;
setThreadsCount(1);
await tf.setBackend('wasm'); // under Node it takes the build with SIMD and without threads

/** @type {(() => unknown)[]} */
let runs = []; // of the contestants that are not Python's
let pythons = 0;
let end = async () => {};
for await (const line of createInterface(process.stdin)) {
  const [what, argument, atLeast] = JSON.parse(line);
  const answer = what === 'prepare' ? await prepare(argument) : await measured(argument, atLeast);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** @param {string} path */
function read(path) {
  return new Uint8Array(readFileSync(path)).buffer;
}

/** @param {string} name of a net */
async function prepare(name) {
  await end();
  /** @type {Described[]} */
  const described = JSON.parse(python.prepare(name));
  pythons = described.length;
  const session = await ort.InferenceSession.create(join(folder, `${name}.onnx`), { executionProviders: ['wasm'] });
  const numbers = new Float32Array(read(join(folder, `${name}.bin`)));
  const x = new ort.Tensor('float32', numbers, shapes[name]);
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  runs = [async () => (await session.run({ [input]: x }))[output].data];
  const names = [`ONNX Runtime Web ${dependencies['onnxruntime-web']}`];
  const file = join(folder, `${name}.tf.json`);
  if (existsSync(file)) {
    runs.push(tensorFlow(file, numbers, shapes[name]));
    names.push(`TensorFlow.js wasm ${dependencies['@tensorflow/tfjs-backend-wasm']}`);
  }
  end = async () => {
    await session.release();
    tf.disposeVariables();
  };
  for (const [i, run] of runs.entries()) {
    const start = performance.now();
    const result = /** @type {Float32Array} */ (await run());
    const first = (performance.now() - start) / 1000;
    described.push({ name: names[i], measured: 'reading', output: [...result], first });
  }
  return described;
}

/**
 * The times of a contestant, and the seconds that the processor has computed for a call.
 *
 * @param {number} number
 * @param {number} atLeast
 */
async function measured(number, atLeast) {
  const before = process.cpuUsage();
  const all = await times(number, atLeast);
  const { user, system } = process.cpuUsage(before);
  return { times: all, cpu: (user + system) / 1e6 / all.length };
}

/**
 * Seconds of as many calls as fit into a time.
 *
 * @param {number} number of the contestant
 * @param {number} atLeast seconds
 * @returns {Promise<number[]>}
 */
async function times(number, atLeast) {
  if (number < pythons) return JSON.parse(python.times(number, atLeast));
  const run = runs[number - pythons];
  const all = [];
  for (let sum = 0; all.length === 0 || sum < atLeast; sum += all[all.length - 1]) {
    const start = performance.now();
    await run();
    all.push((performance.now() - start) / 1000);
  }
  return all;
}

/**
 * The output of a net for its batch.
 *
 * @param {string} file its operations
 * @param {Float32Array} numbers of the batch
 * @param {number[]} shape of the batch, channels first
 */
function tensorFlow(file, numbers, shape) {
  /** @type {Operation[]} */
  const operations = JSON.parse(readFileSync(file, 'utf8'));
  const data = new Float32Array(read(file.replace('.json', '.bin')));
  /** @param {{at: number, shape: number[]} | undefined} where */
  const tensor = (where) => {
    if (!where) return;
    const size = where.shape.reduce((a, b) => a * b, 1);
    return tf.tensor(data.slice(where.at, where.at + size), where.shape);
  };
  const loaded = operations.map((operation) => ({ ...operation, W: tensor(operation.W), b: tensor(operation.b) }));
  const x = tf.transpose(tf.tensor(numbers, shape), [0, 2, 3, 1]);
  return () =>
    tf.tidy(() => {
      let h = x;
      for (const { op, stride, pad, kernel, relu, W, b } of loaded) {
        const activation = relu ? 'relu' : 'linear';
        const convolution = { x: h, filter: W, strides: stride, pad, dimRoundingMode: 'floor', bias: b, activation };
        if (op === 'conv') h = tf.fused.conv2d(convolution);
        else if (op === 'depthwise') h = tf.fused.depthwiseConv2d(convolution);
        else if (op === 'linear') h = tf.fused.matMul({ a: h, b: W, bias: b, activation });
        else if (op === 'max') h = tf.maxPool(h, kernel, stride, 'valid');
        else if (op === 'mean') h = tf.mean(h, [1, 2]);
        else h = tf.reshape(h, [h.shape[0], -1]);
      }
      return h.dataSync();
    });
}
