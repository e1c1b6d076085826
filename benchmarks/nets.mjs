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
import convnetjs from 'convnetjs';
import * as ort from 'onnxruntime-web';
import { startAnswers } from './pyodide_peers.mjs';
import { network } from './tensorflow.mjs';

/**
 * @typedef {object} Contestant as nets.py reads it, and what measures it
 * @property {string} name
 * @property {string} measured training or inference
 * @property {number[]} output
 * @property {number} first
 * @property {(atLeast: number) => number[] | Promise<number[]>} times seconds of as many calls as fit into a time
 *
 * @typedef {{x: number[], lr: number}} Net shape of the batch, channels first, and the learning rate
 *
 * @typedef {import('./tensorflow.mjs').Model} Model
 */

const [folder, pyodide, wheel] = process.argv.slice(2).map((path) => resolve(path));
console.log = console.info = console.error; // the output is for the answers
const { dependencies } = json(new URL('package.json', import.meta.url));
/** @type {Record<string, Net>} */
const nets = json(join(folder, 'nets.json'));

const url = pathToFileURL(join(pyodide, 'pyodide.mjs')).href;
const python = await startAnswers(url, read(wheel), read(join(folder, 'bundle.zip')));
ort.env.wasm.numThreads = 1;
setThreadsCount(1);
await tf.setBackend('wasm'); // under Node it takes the build with SIMD and without threads

/** @type {Contestant[]} */
let all = [];
let end = async () => {};
for await (const line of createInterface(process.stdin)) {
  const [what, argument, atLeast] = JSON.parse(line);
  const answer = what === 'prepare' ? await prepare(argument) : await measured(all[argument], atLeast);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** @param {string} path */
function read(path) {
  return new Uint8Array(readFileSync(path)).buffer;
}

/** @param {string | URL} path */
function json(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** @param {unknown[]} question */
function askPython(...question) {
  return JSON.parse(python(JSON.stringify(question)));
}

/** @param {string} name of a net */
async function prepare(name) {
  await end();
  /** @type {Omit<Contestant, 'times'>[]} */
  const pythons = askPython('prepare', name);
  all = pythons.map((one, i) => ({ ...one, times: (atLeast) => askPython('times', i, atLeast).times }));
  const net = nets[name];
  const numbers = new Float32Array(read(join(folder, `${name}.bin`)));
  const session = await ort.InferenceSession.create(join(folder, `${name}.onnx`), { executionProviders: ['wasm'] });
  const x = new ort.Tensor('float32', numbers, net.x);
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  const onnx = async () => (await session.run({ [input]: x }))[output].data;
  all.push(await contestant('ONNX Runtime Web', 'onnxruntime-web', 'inference', onnx));
  const file = join(folder, `${name}.tf.json`);
  if (existsSync(file)) {
    const model = { operations: json(file), data: new Float32Array(read(file.replace('.json', '.bin'))) };
    const forward = tensorFlow(model, numbers, net);
    all.push(await contestant('TensorFlow.js wasm', '@tensorflow/tfjs-backend-wasm', 'inference', forward));
    if (name === 'small-cnn') {
      all.push(await contestant('ConvNetJS', 'convnetjs', 'training', convNetJs(model, numbers, net)));
    }
  }
  end = async () => {
    await session.release();
    tf.disposeVariables();
  };
  return all.map(({ times, ...described }) => described);
}

/**
 * @param {string} name
 * @param {string} dependency its package in package.json
 * @param {string} measured
 * @param {() => any} run a step of training, which returns its loss, or a pass forward, which returns the output
 * @returns {Promise<Contestant>}
 */
async function contestant(name, dependency, measured, run) {
  const start = performance.now();
  const result = await run();
  const first = (performance.now() - start) / 1000;
  const output = measured === 'training' ? [result, await run()] : [...result];
  return { name: `${name} ${dependencies[dependency]}`, measured, output, first, times };

  /** @param {number} atLeast seconds */
  async function times(atLeast) {
    const taken = [];
    for (let sum = 0; taken.length === 0 || sum < atLeast; sum += taken[taken.length - 1]) {
      const start = performance.now();
      await run();
      taken.push((performance.now() - start) / 1000);
    }
    return taken;
  }
}

/**
 * The times of a contestant, and the seconds that the processor has computed for a call.
 *
 * @param {Contestant} one
 * @param {number} atLeast
 */
async function measured(one, atLeast) {
  const before = process.cpuUsage();
  const times = await one.times(atLeast);
  const { user, system } = process.cpuUsage(before);
  return { times, cpu: (user + system) / 1e6 / times.length };
}

/**
 * @param {Model} model
 * @param {Float32Array} numbers of the batch
 * @param {Net} net
 */
function tensorFlow(model, numbers, net) {
  const x = tf.transpose(tf.tensor(numbers, net.x), [0, 2, 3, 1]);
  const forward = network(tf, model);
  return () => tf.tidy(() => forward(x).dataSync());
}

/**
 * Takes one sample at a time, and updates the weights after a batch of them.
 *
 * @param {Model} model convolutions and max pooling, then one fully connected layer
 * @param {Float32Array} numbers of the batch, of images with one channel
 * @param {Net} net
 */
function convNetJs({ operations, data }, numbers, { x: [N, , H, W], lr }) {
  const layers = operations.flatMap(({ op, stride, pad, kernel, relu, W }) => {
    const [sx, , , filters] = W?.shape ?? [];
    if (op === 'conv') return { type: 'conv', sx, stride, pad, filters, activation: relu ? 'relu' : undefined };
    if (op === 'max') return { type: 'pool', sx: kernel, stride };
    if (op === 'linear') return { type: 'softmax', num_classes: W?.shape[1] }; // with the layer that it reads
    return [];
  });
  const cnn = new convnetjs.Net();
  cnn.makeLayers([{ type: 'input', out_sx: W, out_sy: H, out_depth: 1 }, ...layers]);
  const filled = cnn.layers.filter((/** @type {any} */ layer) => layer.filters);
  for (const { W, b } of operations) {
    if (!W || !b) continue;
    const layer = filled.shift();
    const channels = layer.filters.length;
    layer.biases.w.set(data.subarray(b.at, b.at + channels));
    for (const [channel, { w }] of layer.filters.entries()) {
      for (let i = 0; i < w.length; i++) w[i] = data[W.at + i * channels + channel];
    }
  }
  const samples = Array.from({ length: N }, (_, n) => {
    const sample = new convnetjs.Vol(W, H, 1, 0);
    sample.w.set(numbers.subarray(n * H * W, (n + 1) * H * W));
    return sample;
  });
  const trainer = new convnetjs.SGDTrainer(cnn, { learning_rate: lr, momentum: 0, batch_size: N });
  return () => samples.reduce((loss, sample, i) => loss + trainer.train(sample, i % 10).loss / N, 0);
}
