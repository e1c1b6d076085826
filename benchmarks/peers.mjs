/**
 * The small CNN in frameworks that run under Node, on one thread each, measured in turn as peers.py asks.
 *
 * Usage: node peers.mjs FOLDER PYODIDE WHEEL: reads net.json, net.onnx and bundle.zip in FOLDER, which peers.py
 * wrote. The first line of the output, in JSON, describes the contestants; then each line of the input is the
 * number of one of them, and answered with the seconds that a batch takes it.
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import convnetjs from 'convnetjs';
import * as ort from 'onnxruntime-web';
import { pyodidePeers } from './pyodide_peers.mjs';

/**
 * @typedef {import('./pyodide_peers.mjs').Contestant} Contestant
 * @typedef {object} Net a batch and the weights, channels last
 * @property {number[][][][]} x (N, 28, 28, 1)
 * @property {Record<'conv1' | 'conv2', number[][][][]> & {fc: number[][]}} W (OC, KH, KW, C); fc's (10, 7 * 7 * 32)
 * @property {Record<'conv1' | 'conv2' | 'fc', number[]>} b
 */

const AT_LEAST = 500; // milliseconds that one measurement takes
const [folder, pyodide, wheel] = process.argv.slice(2).map((path) => resolve(path));
/** @type {Net} */
const net = JSON.parse(readFileSync(join(folder, 'net.json'), 'utf8'));
const batch = net.x.length;
const pyodideUrl = pathToFileURL(join(pyodide, 'pyodide.mjs')).href;
console.log = console.info = console.error; // the output is for the answers

const all = [
  ...(await pyodidePeers(pyodideUrl, read(wheel), read(join(folder, 'bundle.zip')))),
  convNetJs(),
  await tensorFlow(),
  await onnxRuntime(),
];
answer(all.map(({ name, measured, output }) => ({ name, measured, output })));
for await (const line of createInterface(process.stdin)) answer(await all[Number(line)].seconds());

/** @param {unknown} value */
function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** @param {string} path */
function read(path) {
  return new Uint8Array(readFileSync(path)).buffer;
}

/**
 * @param {string} name
 * @param {string} dependency its package in package.json
 */
function withVersion(name, dependency) {
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
  return `${name} ${dependencies[dependency]}`;
}

/**
 * The median time of as many calls of `run`, one for each batch, as fit into a measurement.
 *
 * @param {() => unknown} run
 */
async function seconds(run) {
  for (let i = 0; i < 3; i++) await run(); // until it is compiled
  const times = [];
  for (let sum = 0; times.length < 3 || sum < AT_LEAST; sum += times[times.length - 1]) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1] / 1000;
}

/**
 * Takes one sample at a time, and updates the weights after a batch of them.
 *
 * @returns {Contestant}
 */
function convNetJs() {
  const conv = { type: 'conv', sx: 5, pad: 2, activation: 'relu' };
  const pool = { type: 'pool', sx: 2, stride: 2 };
  const cnn = new convnetjs.Net();
  cnn.makeLayers([
    { type: 'input', out_sx: 28, out_sy: 28, out_depth: 1 },
    { ...conv, filters: 16 },
    pool,
    { ...conv, filters: 32 },
    pool,
    { type: 'softmax', num_classes: 10 }, // with a fully connected layer of its own below
  ]);
  const [conv1, conv2, fc] = cnn.layers.filter((/** @type {any} */ layer) => layer.filters);
  for (const [layer, W, b] of /** @type {const} */ ([
    [conv1, net.W.conv1, net.b.conv1],
    [conv2, net.W.conv2, net.b.conv2],
    [fc, net.W.fc, net.b.fc],
  ])) {
    W.forEach((filter, oc) => layer.filters[oc].w.set(filter.flat(Infinity)));
    layer.biases.w.set(b);
  }
  const samples = net.x.map((image) => {
    const sample = new convnetjs.Vol(28, 28, 1, 0);
    sample.w.set(image.flat(Infinity));
    return sample;
  });
  const output = samples.flatMap((sample) => {
    cnn.forward(sample);
    return [...fc.out_act.w];
  });
  const trainer = new convnetjs.SGDTrainer(cnn, { learning_rate: 0.01, momentum: 0, batch_size: batch });
  const step = () => samples.forEach((sample, i) => trainer.train(sample, i % 10));
  const name = withVersion('ConvNetJS', 'convnetjs');
  return { name, measured: 'training', output, seconds: () => seconds(step) };
}

/**
 * Under Node its WebAssembly backend takes the build with SIMD and without threads.
 *
 * @returns {Promise<Contestant>}
 */
async function tensorFlow() {
  setThreadsCount(1);
  await tf.setBackend('wasm');
  const x = tf.tensor4d(net.x);
  const W = {
    conv1: tf.transpose(tf.tensor4d(net.W.conv1), [1, 2, 3, 0]),
    conv2: tf.transpose(tf.tensor4d(net.W.conv2), [1, 2, 3, 0]),
    fc: tf.transpose(tf.tensor2d(net.W.fc)),
  };
  const b = { conv1: tf.tensor1d(net.b.conv1), conv2: tf.tensor1d(net.b.conv2), fc: tf.tensor1d(net.b.fc) };
  const shared = /** @type {const} */ ({ strides: 1, pad: 'same', activation: 'relu' });
  const forward = () =>
    tf.tidy(() => {
      let h = tf.fused.conv2d({ x, filter: W.conv1, bias: b.conv1, ...shared });
      h = tf.fused.conv2d({ x: tf.maxPool(h, 2, 2, 'valid'), filter: W.conv2, bias: b.conv2, ...shared });
      h = tf.reshape(tf.maxPool(h, 2, 2, 'valid'), [batch, -1]);
      return tf.fused.matMul({ a: h, b: W.fc, bias: b.fc }).dataSync();
    });
  const output = [...forward()];
  const name = withVersion('TensorFlow.js wasm', '@tensorflow/tfjs-backend-wasm');
  return { name, measured: 'forward', output, seconds: () => seconds(forward) };
}

/** @returns {Promise<Contestant>} */
async function onnxRuntime() {
  ort.env.wasm.numThreads = 1;
  const model = join(folder, 'net.onnx');
  const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
  const x = new ort.Tensor('float32', Float32Array.from(net.x.flat(3)), [batch, 1, 28, 28]);
  const forward = async () => (await session.run({ x })).y.data;
  const output = [.../** @type {Float32Array} */ (await forward())];
  const name = withVersion('ONNX Runtime Web', 'onnxruntime-web');
  return { name, measured: 'forward', output, seconds: () => seconds(forward) };
}
