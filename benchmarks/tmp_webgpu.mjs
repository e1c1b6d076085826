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
import { startPyodide } from './pyodide_peers.mjs';
import { network } from './tensorflow.mjs';

Object.assign(globalThis, globals);
Object.defineProperty(navigator, 'gpu', { value: create([]) });
const jax = await import('@jax-js/jax'); // all look for WebGPU when they are loaded
const tf = await import('@tensorflow/tfjs-core');
await import('@tensorflow/tfjs'); // registers the gradients
await import('@tensorflow/tfjs-backend-webgpu');

/**
 * @typedef {() => number | Promise<number>} Seconds measures the time of a call
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {(kind: string, sizes: number[]) => Seconds} run see webgpu_contestants.py
 * @property {() => Promise<number>} step trains on the batch; its loss
 */

const ROUNDS = 1;
const CALLS = 1; // to a measurement
const TOLERANCE = 1e-3; // of the first loss
const [pyodideFolder, wheel] = process.argv.slice(2).map((path) => resolve(path));

const ours = await pyconvlite();
/** @type {import('./tensorflow.mjs').Model} */
const model = { operations: JSON.parse(ours.operations), data: floats(ours.numbers) };
const images = floats(ours.x);
const labels = Array.from({ length: images.length / (28 * 28) }, (_, i) => i % 10);
const peers = [await tensorFlow(), await jaxJs()];
const peerNames = peers.map(({ name }) => name);

console.log(`WebGPU on ${ours.adapter}\n`);
console.log(`${'GFLOP/s'.padEnd(30)}${['pyconvlite', ...peerNames].map(cell).join('')}`);
for (const run of []) {
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

/** @param {any} bytes Python's */
function floats(bytes) {
  return new Float32Array(bytes.toJs().slice().buffer);
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
  const url = pathToFileURL(join(pyodideFolder, 'pyodide.mjs')).href;
  const pyodide = await startPyodide(url, new Uint8Array(readFileSync(wheel)));
  const folder = fileURLToPath(new URL('.', import.meta.url));
  pyodide.FS.mkdirTree(folder);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: folder }, folder);
  pyodide.runPython(`import sys; sys.path.append(${JSON.stringify(folder)})`);
  return pyodide.pyimport('webgpu_contestants').Contestants.callPromising();
}

/** @returns {Promise<Peer>} */
async function tensorFlow() {
  await tf.setBackend('webgpu');
  const x = tf.tensor4d(images, [labels.length, 28, 28, 1]);
  const t = tf.oneHot(tf.tensor1d(labels, 'int32'), 10);
  const scores = network(tf, model, tf.variable);
  const optimizer = tf.train.sgd(ours.lr);
  const loss = () => tf.losses.softmaxCrossEntropy(t, scores(x));
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
  const x = np.array(images).reshape([labels.length, 1, 28, 28]);
  const t = nn.oneHot(np.array(labels, { dtype: np.int32 }), 10);
  let parameters = model.operations.flatMap(({ W, b }) => {
    if (!W || !b) return [];
    const channels = b.shape[0];
    const size = W.shape.reduce((a, b) => a * b, 1);
    const weights = np.array(model.data.slice(W.at, W.at + size));
    const turned =
      W.shape.length === 4
        ? weights.reshape(W.shape).transpose([3, 2, 0, 1])
        : weights.reshape([7, 7, 32, channels]).transpose([2, 0, 1, 3]).reshape(W.shape);
    return [turned, np.array(model.data.slice(b.at, b.at + channels))];
  });
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
    return [value, parameters.map((p, i) => p.sub(gradients[i].mul(ours.lr)))];
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
