/**
 * pyconvlite, TensorFlow.js and jax-js on one WebGPU adapter under Node: prints GFLOP/s of matrix products and
 * convolutions, and training samples/s of the small CNN.
 *
 * Usage: node webgpu_peers.mjs PYODIDE WHEEL. All are measured in turn, in rounds, and each figure is the best of
 * its rounds: what else the machine does slows some of them.
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
Object.defineProperty(navigator, 'gpu', { value: create([]) });
const jax = await import('@jax-js/jax'); // all look for WebGPU when they are loaded
const tf = await import('@tensorflow/tfjs-core');
await import('@tensorflow/tfjs'); // registers the gradients
await import('@tensorflow/tfjs-backend-webgpu');

/**
 * @typedef {object} Net a batch and the weights, channels last
 * @property {number[][][][]} x (N, 28, 28, 1)
 * @property {Record<'conv1' | 'conv2', number[][][][]> & {fc: number[][]}} W (OC, KH, KW, C); fc's (10, 7 * 7 * 32)
 * @property {Record<'conv1' | 'conv2' | 'fc', number[]>} b
 *
 * @typedef {() => number | Promise<number>} Seconds measures the time of a call
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {(kind: string, sizes: number[]) => Seconds} run see webgpu_contestants.py
 * @property {() => Promise<number>} step trains on the batch; its loss
 */

const ROUNDS = 3;
const CALLS = 3; // to a measurement
const TOLERANCE = 1e-3; // of the first loss
const [pyodideFolder, wheel] = process.argv.slice(2).map((path) => resolve(path));

const ours = await pyconvlite();
/** @type {Net} */
const net = JSON.parse(ours.net);
const labels = net.x.map((_, i) => i % 10);
const peers = [await tensorFlow(), await jaxJs()];
const peerNames = peers.map(({ name }) => name);

console.log(`WebGPU on ${ours.adapter}\n`);
console.log(`${'GFLOP/s'.padEnd(30)}${['pyconvlite', ...peerNames].map(cell).join('')}`);
for (const run of listed(ours.runs)) {
  const theirs = peers.map((peer) => peer.run(run.kind, run.sizes.toJs()));
  await print(run.name, run.work, [() => run.seconds.callPromising(), ...theirs]);
}

const steps = listed(ours.steps);
for (const { name, step } of peers) {
  const loss = await step();
  if (!(Math.abs(loss - steps[0].loss) < TOLERANCE)) throw new Error(`${name} trains another net: its loss is ${loss}`);
}
const names = [...steps.map(({ name }) => name), ...peerNames];
console.log(`\n${'small CNN, samples/s'.padEnd(30)}${names.map(cell).join('')}`);
await print(`training, batch ${labels.length}`, labels.length, [
  ...steps.map((step) => () => step.seconds.callPromising()),
  ...peers.map(
    ({ step }) =>
      () =>
        medianSeconds(step),
  ),
]);
for (const { name, dispatches, megabytes } of steps) {
  console.log(`${name}: ${dispatches} dispatches a step, ${megabytes.toFixed(1)} MB live`);
}
process.exit(); // the devices would keep the program alive

/** @param {any} list Python's */
function listed(list) {
  return Array.from({ length: list.length }, (_, i) => list.get(i));
}

/** @param {string} text */
function cell(text) {
  return text.padStart(22);
}

/**
 * A line: what each reaches, and how many times theirs the first's is.
 *
 * @param {string} name
 * @param {number} work in one call
 * @param {Seconds[]} all
 */
async function print(name, work, all) {
  const best = all.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, measure] of all.entries()) best[i] = Math.min(best[i], await measure());
  }
  const cells = best.map(
    (seconds, i) => `${(work / seconds).toPrecision(3)}${i ? ` (${(seconds / best[0]).toFixed(1)} x)` : ''}`,
  );
  console.log(`${name.padEnd(30)}${cells.map(cell).join('')}`);
}

/** @param {() => unknown} run */
async function medianSeconds(run) {
  await run();
  const times = [];
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[CALLS >> 1] / 1000;
}

async function pyconvlite() {
  /** @type {{loadPyodide: typeof import('pyodide').loadPyodide}} */
  const { loadPyodide } = await import(pathToFileURL(join(pyodideFolder, 'pyodide.mjs')).href);
  const pyodide = await loadPyodide({ packages: ['numpy'] });
  pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), 'wheel');
  const folder = fileURLToPath(new URL('.', import.meta.url));
  pyodide.FS.mkdirTree(folder);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: folder }, folder);
  pyodide.runPython(`import sys; sys.path.append(${JSON.stringify(folder)})`);
  return pyodide.pyimport('webgpu_contestants').Contestants.callPromising();
}

/** @returns {Promise<Peer>} */
async function tensorFlow() {
  await tf.setBackend('webgpu');
  const x = tf.tensor4d(net.x);
  const t = tf.oneHot(tf.tensor1d(labels, 'int32'), 10);
  const W = {
    conv1: tf.variable(tf.transpose(tf.tensor4d(net.W.conv1), [1, 2, 3, 0])),
    conv2: tf.variable(tf.transpose(tf.tensor4d(net.W.conv2), [1, 2, 3, 0])),
    fc: tf.variable(tf.transpose(tf.tensor2d(net.W.fc))),
  };
  const bias = (/** @type {number[]} */ b) => tf.variable(tf.tensor1d(b));
  const b = { conv1: bias(net.b.conv1), conv2: bias(net.b.conv2), fc: bias(net.b.fc) };
  const optimizer = tf.train.sgd(0.01);
  const shared = /** @type {const} */ ({ strides: 1, pad: 'same', activation: 'relu' });
  const loss = () => {
    let h = tf.fused.conv2d({ x, filter: W.conv1, bias: b.conv1, ...shared });
    h = tf.fused.conv2d({ x: tf.maxPool(h, 2, 2, 'valid'), filter: W.conv2, bias: b.conv2, ...shared });
    h = tf.reshape(tf.maxPool(h, 2, 2, 'valid'), [labels.length, -1]);
    return tf.losses.softmaxCrossEntropy(t, tf.add(tf.matMul(h, W.fc), b.fc));
  };
  const step = async () => {
    const value = optimizer.minimize(loss, true);
    const [number] = await value.data();
    value.dispose();
    return number;
  };
  const run = (/** @type {string} */ kind, /** @type {number[]} */ sizes) => {
    const [N, C, H, OC, K] = sizes;
    const normal = (/** @type {number[]} */ ...shape) => tf.randomNormal(shape);
    const [A, B] = kind === 'matmul' ? [normal(N, N), normal(N, N)] : [];
    const [x, filter, dy] = A ? [] : [normal(N, H, H, C), normal(K, K, C, OC), normal(N, H, H, OC)];
    const attributes = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC' };
    const gradient = (/** @type {string} */ name, /** @type {any} */ inputs, /** @type {any} */ shape) =>
      tf.engine().runKernel(name, inputs, { ...attributes, ...shape });
    /** @type {Record<string, () => any>} */
    const compute = {
      matmul: () => tf.matMul(A, B),
      forward: () => tf.conv2d(x, filter, 1, 'same'),
      gx: () => gradient('Conv2DBackpropInput', { dy, filter }, { inputShape: x.shape }),
      gW: () => gradient('Conv2DBackpropFilter', { x, dy }, { filterShape: filter.shape }),
    };
    return () =>
      medianSeconds(async () => {
        const first = tf.tidy(() => tf.slice(tf.reshape(compute[kind](), [-1]), 0, 1));
        await first.data();
        first.dispose();
      });
  };
  return { name: 'TensorFlow.js', step, run };
}

/** @returns {Promise<Peer>} */
async function jaxJs() {
  await jax.init('webgpu');
  jax.defaultDevice('webgpu');
  const { numpy: np, nn, lax, random } = jax;
  const x = np.array(Float32Array.from(net.x.flat(3))).reshape([labels.length, 1, 28, 28]);
  const t = nn.oneHot(np.array(labels, { dtype: np.int32 }), 10);
  const conv = (/** @type {number[][][][]} */ W) => np.transpose(np.array(W), [0, 3, 1, 2]);
  const fc = np
    .array(net.W.fc)
    .reshape([10, 7, 7, 32])
    .transpose([3, 1, 2, 0])
    .reshape([7 * 7 * 32, 10]);
  const [b1, b2, b3] = [net.b.conv1, net.b.conv2, net.b.fc].map((b) => np.array(b));
  let parameters = [conv(net.W.conv1), b1, conv(net.W.conv2), b2, fc, b3];
  const layer = (/** @type {any} */ h, /** @type {any} */ W, /** @type {any} */ b) => {
    h = nn.relu(lax.conv(h, W, [1, 1], 'SAME').add(b.reshape([-1, 1, 1])));
    const [N, C, H, width] = h.shape;
    return h.reshape([N, C, H / 2, 2, width / 2, 2]).max([3, 5]);
  };
  const loss = (/** @type {any[]} */ [W1, b1, W2, b2, W3, b3], /** @type {any} */ x, /** @type {any} */ t) => {
    const h = layer(layer(x, W1, b1), W2, b2).reshape([labels.length, -1]);
    return nn
      .logSoftmax(np.matmul(h, W3).add(b3))
      .mul(t)
      .sum()
      .mul(-1 / labels.length);
  };
  const update = jax.jit((/** @type {any[]} */ parameters, /** @type {any} */ x, /** @type {any} */ t) => {
    const [value, gradients] = jax.valueAndGrad(loss)(
      parameters.map((p) => p.ref),
      x,
      t,
    );
    return [value, parameters.map((p, i) => p.sub(gradients[i].mul(0.01)))];
  });
  const step = async () => {
    const [value, moved] = update(parameters, x.ref, t.ref);
    parameters = moved;
    return (await value.data())[0];
  };
  const forward = (/** @type {any} */ x, /** @type {any} */ W) => lax.conv(x, W, [1, 1], 'SAME');
  // Its gradients are the convolution's.
  const met = (/** @type {any} */ x, /** @type {any} */ W, /** @type {any} */ gy) => forward(x, W).mul(gy).sum();
  const run = (/** @type {string} */ kind, /** @type {number[]} */ sizes) => {
    const [N, C, H, OC, K] = sizes;
    const normal = (/** @type {number[]} */ ...shape) => random.normal(random.key(0), shape);
    const inputs = kind === 'matmul' ? [normal(N, N), normal(N, N)] : [normal(N, C, H, H), normal(OC, C, K, K)];
    if (kind === 'gx' || kind === 'gW') inputs.push(normal(N, OC, H, H));
    /** @type {Record<string, any>} */
    const functions = { matmul: np.matmul, forward, gx: jax.grad(met), gW: jax.grad(met, { argnums: 1 }) };
    const compute = jax.jit(functions[kind]);
    return () =>
      medianSeconds(async () => {
        const y = await compute(...inputs.map((input) => input.ref)).blockUntilReady();
        y.dispose();
      });
  };
  return { name: 'jax-js', step, run };
}
