/**
 * The small CNN in the frameworks of npm, on one thread each.
 *
 * Usage: node peers.mjs FOLDER: reads net.json and net.onnx there, which peers.py wrote, and writes peers.json:
 * each framework's samples/s, and its output for the batch.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import convnetjs from 'convnetjs';
import * as ort from 'onnxruntime-web';

/**
 * @typedef {object} Net a batch and the weights, channels last
 * @property {number[][][][]} x (N, 28, 28, 1)
 * @property {Record<'conv1' | 'conv2', number[][][][]> & {fc: number[][]}} W (OC, KH, KW, C); fc's (10, 7 * 7 * 32)
 * @property {Record<'conv1' | 'conv2' | 'fc', number[]>} b
 */

const folder = process.argv[2];
/** @type {Net} */
const net = JSON.parse(readFileSync(join(folder, 'net.json'), 'utf8'));
const batch = net.x.length;

const results = [await convNetJs(), await tensorFlow(), await onnxRuntime()];
writeFileSync(join(folder, 'peers.json'), JSON.stringify(results));

/**
 * From the median time of as many calls of `run`, one for each batch, as fit into three seconds.
 *
 * @param {() => unknown} run
 */
async function samplesPerSecond(run) {
  for (let i = 0; i < 3; i++) await run(); // until it is compiled
  const times = [];
  for (let sum = 0; times.length < 3 || sum < 3000; sum += times[times.length - 1]) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return (1000 * batch) / times[times.length >> 1];
}

/** Takes one sample at a time, and updates the weights after a batch of them. */
async function convNetJs() {
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
  const speed = await samplesPerSecond(() => samples.forEach((sample, i) => trainer.train(sample, i % 10)));
  return { name: 'ConvNetJS', package: 'convnetjs', measured: 'training', speed, output };
}

/** Under Node its WebAssembly backend takes the build with SIMD and without threads. */
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
  const speed = await samplesPerSecond(forward);
  const name = 'TensorFlow.js wasm';
  return { name, package: '@tensorflow/tfjs-backend-wasm', measured: 'forward', speed, output };
}

async function onnxRuntime() {
  ort.env.wasm.numThreads = 1;
  const model = join(folder, 'net.onnx');
  const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
  const x = new ort.Tensor('float32', Float32Array.from(net.x.flat(3)), [batch, 1, 28, 28]);
  const forward = async () => (await session.run({ x })).y.data;
  const output = [...(await forward())];
  const speed = await samplesPerSecond(forward);
  return { name: 'ONNX Runtime Web', package: 'onnxruntime-web', measured: 'forward', speed, output };
}
