// Runs the graph of a network, without Python. A worker of the page that `export_html` writes.
//
// Convolutions, products and pooling are kernels of the SIMD backend, the same module as in the wheel; all else is
// loops. Numbers are float32, except constant integers, such as axes.

/**
 * @typedef {{shape: number[], data: Float32Array}} Tensor  row-major
 *
 * @typedef {object} Node  an operator of ONNX
 * @property {string} op
 * @property {string[]} inputs  names; an empty one is left out
 * @property {string[]} outputs
 * @property {Record<string, any>} attributes  and `shape`, that of the first output
 *
 * @typedef {object} Graph
 * @property {Node[]} nodes
 * @property {Record<string, {shape: number[], offset?: number, values?: number[]}>} constants  floats have the offset of
 *   their first number among the weights, integers their values
 * @property {string} input
 * @property {string} output
 *
 * @typedef {(k: Kernels, inputs: Value[], attributes: Record<string, any>) => Value[]} Operator
 */

const PAGE = 65536;
const STACK = 1 << 20;
const ALIGNMENT = 16;

/** The kernels and their memory, from which each run allocates from the start. */
class Kernels {
  /** @param {ArrayBuffer} module  simd128.wasm  @param {Float32Array} weights */
  constructor(module, weights) {
    const compiled = new WebAssembly.Module(module);
    const statics = align(staticSize(compiled));
    const memory = new WebAssembly.Memory({ initial: Math.ceil((STACK + statics + 4 * weights.length) / PAGE) + 1 });
    const constant = (/** @type {number} */ value) => new WebAssembly.Global({ value: 'i32' }, value);
    const { exports } = new WebAssembly.Instance(compiled, {
      env: {
        memory,
        __stack_pointer: new WebAssembly.Global({ value: 'i32', mutable: true }, STACK),
        __memory_base: constant(STACK),
        __table_base: constant(0),
        __indirect_function_table: new WebAssembly.Table({ initial: 256, element: 'anyfunc' }),
      },
    });
    this.memory = memory;
    /** @type {Record<string, (...args: any[]) => number>} */
    this.call = /** @type {any} */ (exports);
    this.call.__wasm_apply_data_relocs?.();
    this.call.__wasm_call_ctors?.();
    /** Where the weights begin. */
    this.weights = STACK + statics;
    new Float32Array(memory.buffer, this.weights, weights.length).set(weights);
    this.first = align(this.weights + 4 * weights.length);
    this.next = this.first;
  }

  /** Frees what earlier runs have allocated. */
  reset() {
    this.next = this.first;
  }

  /** The address of new memory. @param {number} bytes */
  allocate(bytes) {
    const at = this.next;
    this.next = align(at + bytes);
    const missing = this.next - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    return at;
  }

  /** @param {number} at  @param {number} length  of floats, valid until memory grows */
  floats(at, length) {
    return new Float32Array(this.memory.buffer, at, length);
  }

  /** @param {Value} x */
  numbers(x) {
    return x.integers ?? this.floats(x.at, x.size);
  }
}

/** @param {number} n */
const align = (n) => Math.ceil(n / ALIGNMENT) * ALIGNMENT;

/** Bytes of the module's static variables, from its section dylink.0. @param {WebAssembly.Module} module */
function staticSize(module) {
  const bytes = new Uint8Array(WebAssembly.Module.customSections(module, 'dylink.0')[0]);
  let size = 0;
  for (let i = 2, shift = 0; ; i++, shift += 7) {
    size += (bytes[i] & 0x7f) * 2 ** shift;
    if (bytes[i] < 0x80) return size;
  }
}

// ----------------------------------------------------------------------------------------------------- arrays

/** A contiguous array: floats at an address in the kernels' memory, or constant integers, with the address -1. */
class Value {
  /** @param {number[]} shape  @param {number} at  @param {number[]} [integers] */
  constructor(shape, at, integers) {
    this.shape = shape;
    this.at = at;
    this.integers = integers;
  }

  get size() {
    return sizeOf(this.shape);
  }
}

/** @param {number[]} shape */
const sizeOf = (shape) => shape.reduce((product, n) => product * n, 1);

/** @param {Kernels} k  @param {number[]} shape */
const empty = (k, shape) => new Value(shape, k.allocate(4 * Math.max(1, sizeOf(shape))));

/** @param {number} axis  @param {number} ndim */
const positive = (axis, ndim) => (axis < 0 ? axis + ndim : axis);

/** The shape that shapes broadcast to. @param {number[][]} shapes */
function broadcast(...shapes) {
  const ndim = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: ndim }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[axis - ndim + shape.length] ?? 1);
    return lengths.find((n) => n !== 1) ?? 1;
  });
}

/** Strides, in elements, of an array broadcast to a shape. @param {number[]} shape  @param {number[]} to */
function stridesOf(shape, to) {
  let step = 1;
  const own = shape.map(() => 0);
  for (let axis = shape.length - 1; axis >= 0; step *= shape[axis--]) own[axis] = shape[axis] === 1 ? 0 : step;
  return [...new Array(to.length - shape.length).fill(0), ...own];
}

/**
 * Calls f for each row of a shape: elements from `at` to `end`, which all strides cross in equal `steps`.
 *
 * @param {number[]} shape  @param {number[][]} strides
 * @param {(at: number, end: number, places: number[], steps: number[]) => void} f
 */
function walk(shape, strides, f) {
  let first = shape.length - 1;
  while (first > 0 && strides.every((own) => own[first - 1] === own[first] * shape[first])) first--;
  const length = sizeOf(shape.slice(first));
  const index = shape.map(() => 0);
  const places = strides.map(() => 0);
  const steps = strides.map((own) => own[shape.length - 1]);
  for (let at = 0; at < sizeOf(shape); at += length) {
    f(at, at + length, places, steps);
    for (let axis = first - 1; axis >= 0; axis--) {
      index[axis]++;
      for (let s = 0; s < places.length; s++) places[s] += strides[s][axis];
      if (index[axis] < shape[axis]) break;
      for (let s = 0; s < places.length; s++) places[s] -= strides[s][axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

// ------------------------------------------------------------------------------------------------ the network

export class Network {
  #graph;
  #kernels;
  /** @type {Map<string, Value>} */
  #constants = new Map();

  /**
   * @param {Graph} graph
   * @param {Float32Array} weights
   * @param {ArrayBuffer} module  simd128.wasm
   */
  constructor(graph, weights, module) {
    this.#graph = graph;
    this.#kernels = new Kernels(module, weights);
    for (const [name, { shape, offset = 0, values }] of Object.entries(graph.constants)) {
      this.#constants.set(name, new Value(shape, values ? -1 : this.#kernels.weights + 4 * offset, values));
    }
  }

  /** The output for an input. @param {Tensor} x  @returns {Tensor} */
  run({ shape, data }) {
    const kernels = this.#kernels;
    kernels.reset();
    const values = new Map(this.#constants);
    const x = new Value(shape, kernels.allocate(4 * data.length));
    kernels.floats(x.at, data.length).set(data);
    values.set(this.#graph.input, x);
    for (const { op, inputs, outputs, attributes } of this.#graph.nodes) {
      const operands = inputs.map((name) => /** @type {Value} */ (values.get(name)));
      const results = OPERATORS[op](kernels, operands, attributes);
      outputs.forEach((name, i) => {
        if (name) values.set(name, results[i]); // as an input, "" is one that is left out
      });
    }
    const y = /** @type {Value} */ (values.get(this.#graph.output));
    return { shape: y.shape, data: kernels.floats(y.at, y.size).slice() };
  }
}

// ------------------------------------------------------------------------------------------ windows over images

/**
 * Sizes of a convolution or pooling of an image. The kernels take the padding before the image and the size of the
 * output: everything else outside the image is padding.
 *
 * @param {Record<string, any>} a  attributes
 * @param {number[]} size  of the image, [H, W]
 * @param {number[]} kernel  [KH, KW]
 */
function windows(a, size, kernel) {
  const [stride, dilation] = [a.strides ?? [1, 1], a.dilations ?? [1, 1]];
  /** @type {number[]} */
  const output = a.shape.slice(2);
  let pads = a.pads ?? [0, 0, 0, 0];
  if (a.auto_pad?.startsWith('SAME')) {
    const stops = output.map((n, i) => (n - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1);
    const total = size.map((n, i) => Math.max(0, stops[i] - n));
    const less = total.map((n) => n >> 1);
    const more = total.map((n, i) => n - less[i]);
    pads = a.auto_pad === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
  }
  return { stride, dilation, pads, output };
}

/** Sizes in the kernels' order. @param {number[]} kernel  @param {ReturnType<typeof windows>} w */
const sizes = (kernel, { output, stride, pads, dilation }) =>
  [output, kernel, stride, pads[0], pads[1], dilation].flat();

/** @param {boolean} hasRelu  @returns {Operator} */
const convolution =
  (hasRelu) =>
  (k, [x, W, b], a) => {
    const [OC, , ...kernel] = W.shape;
    const [most] = new Int32Array(new Float32Array([a.most ?? Infinity]).buffer); // the float's bits
    const w = windows(a, x.shape.slice(2), kernel);
    const y = empty(k, a.shape);
    const geometry = [...x.shape, OC, ...sizes(kernel, w), a.group ?? 1];
    served(k.call.conv2d(y.at, x.at, W.at, b?.at ?? 0, hasRelu ? most : 0, ...geometry));
    return [y];
  };

/** @type {Operator} */
const deconvolution = (k, [x, W, b], a) => {
  const [stride, dilation, pads] = [a.strides ?? [1, 1], a.dilations ?? [1, 1], a.pads ?? [0, 0, 0, 0]];
  const [, OC, ...output] = x.shape;
  const y = empty(k, a.shape);
  const geometry = [...a.shape, OC, ...sizes(W.shape.slice(2), { output, stride, pads, dilation }), a.group ?? 1];
  served(k.call.conv2d_gx(y.at, x.at, W.at, b?.at ?? 0, ...geometry));
  return [y];
};

/** @param {number} isServed  what a kernel returns */
function served(isServed) {
  if (!isServed) throw new Error('the kernels do not serve these sizes or weights that are not finite');
}

/** @type {Operator} */
const maxPool = (k, [x], a) => {
  const w = windows(a, x.shape.slice(2), a.kernel_shape);
  const [N, C, H, W] = x.shape;
  const y = empty(k, a.shape);
  k.call.max_pool(y.at, k.allocate(2 * y.size), 1, x.at, N * C, H, W, ...sizes(a.kernel_shape, w));
  return [y];
};

/** @type {Operator} */
const averagePool = (k, [x], a) => {
  const w = windows(a, x.shape.slice(2), a.kernel_shape);
  // The kernels would also count pixels beyond the padding.
  const isPadded = a.count_include_pad && a.ceil_mode;
  if (isPadded) {
    const [above, left, below, right] = w.pads;
    [x] = pad(k, [x, new Value([8], -1, [0, 0, above, left, 0, 0, below, right])], {});
    w.pads = [0, 0];
  }
  const [N, C, H, W] = x.shape;
  const y = empty(k, a.shape);
  k.call.avg_pool(y.at, x.at, isPadded ? 0 : (a.count_include_pad ?? 0), N * C, H, W, ...sizes(a.kernel_shape, w));
  return [y];
};

// ----------------------------------------------------------------------------------------------- element-wise

/** @param {'relu' | ((x: number, a: Record<string, any>) => number)} f  @returns {Operator} */
const each =
  (f) =>
  (k, [x], a) => {
    const y = empty(k, x.shape);
    const [from, to] = [k.numbers(x), k.floats(y.at, x.size)];
    // Engines do not inline a function of many, and its calls allocate their numbers: frequent ones have loops here.
    if (f === 'relu') for (let i = 0; i < from.length; i++) to[i] = Math.max(from[i], 0);
    else for (let i = 0; i < from.length; i++) to[i] = f(from[i], a);
    return [y];
  };

/** @param {'+' | '-' | '*' | '/' | ((x: number, z: number) => number)} f  @returns {Operator} */
const both = (f) => (k, inputs) => [
  inputs.reduce((x, z) => {
    const y = empty(k, broadcast(x.shape, z.shape));
    const [one, other, to] = [x, z, y].map((v) => k.numbers(v));
    walk(y.shape, [stridesOf(x.shape, y.shape), stridesOf(z.shape, y.shape)], (at, end, [i, j], [a, b]) => {
      if (f === '+') for (; at < end; at++, i += a, j += b) to[at] = one[i] + other[j];
      else if (f === '-') for (; at < end; at++, i += a, j += b) to[at] = one[i] - other[j];
      else if (f === '*') for (; at < end; at++, i += a, j += b) to[at] = one[i] * other[j];
      else if (f === '/') for (; at < end; at++, i += a, j += b) to[at] = one[i] / other[j];
      else for (; at < end; at++, i += a, j += b) to[at] = f(one[i], other[j]);
    });
    return y;
  }),
];

/** @type {Operator} */
const where = (k, [condition, x, z], a) => {
  const y = empty(k, a.shape);
  const [holds, one, other, to] = [condition, x, z, y].map((v) => k.numbers(v));
  const strides = [condition, x, z].map((v) => stridesOf(v.shape, a.shape));
  walk(a.shape, strides, (at, end, [h, i, j], [a, b, c]) => {
    for (; at < end; at++, h += a, i += b, j += c) to[at] = holds[h] ? one[i] : other[j];
  });
  return [y];
};

/** The Maclaurin series up to 2, beyond it the continued fraction. @param {number} x */
function erf(x) {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2) {
    let [term, sum] = [z, z];
    for (let n = 1; Math.abs(term) > 1e-12 * sum; n++) {
      term *= -(z * z) / n;
      sum += term / (2 * n + 1);
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = z;
  for (let n = 60; n > 0; n--) fraction = z + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction);
}

/** @type {Operator} */
const clip = (k, [x, low, high]) => {
  const least = low ? k.floats(low.at, 1)[0] : -Infinity;
  const most = high ? k.floats(high.at, 1)[0] : Infinity;
  return each((v) => Math.min(Math.max(v, least), most))(k, [x], {});
};

/**
 * Each n elements with the mean 0 and the variance 1, then scaled and shifted.
 *
 * @param {Kernels} k  @param {Value} x  @param {number} n  @param {Value[]} scales  @param {Record<string, any>} a
 */
function normalized(k, x, n, [gamma, beta], a) {
  const y = empty(k, x.shape);
  const [from, to] = [k.floats(x.at, x.size), k.floats(y.at, y.size)];
  for (let first = 0; first < x.size; first += n) {
    let [sum, squares] = [0, 0];
    for (let i = first; i < first + n; i++) sum += from[i];
    for (let i = first; i < first + n; i++) squares += (from[i] - sum / n) ** 2;
    const scale = 1 / Math.sqrt(squares / n + (a.epsilon ?? 1e-5));
    for (let i = first; i < first + n; i++) to[i] = (from[i] - sum / n) * scale;
  }
  const scaled = both('*')(k, [y, gamma], {});
  return beta ? both('+')(k, [scaled[0], beta], {}) : scaled;
}

/** Over the last axes. @type {Operator} */
const layerNorm = (k, [x, ...scales], a) =>
  normalized(k, x, sizeOf(x.shape.slice(positive(a.axis ?? -1, x.shape.length))), scales, a);

/** Over the pixels of each channel, or of each of several groups of channels. @type {Operator} */
const groupNorm = (k, [x, ...scales], a) => {
  const [N, C, ...image] = x.shape;
  const columns = scales.map((scale) => new Value([C, ...image.fill(1)], scale.at));
  return normalized(k, x, x.size / N / (a.num_groups ?? C), columns, a);
};

/** Softmax, or its logarithm, over an axis. @param {boolean} isLog  @returns {Operator} */
const softmax =
  (isLog) =>
  (k, [x], a) => {
    const axis = positive(a.axis ?? -1, x.shape.length);
    const inner = sizeOf(x.shape.slice(axis + 1));
    const n = sizeOf(x.shape.slice(axis)) / inner;
    const y = empty(k, x.shape);
    const [from, to] = [k.floats(x.at, x.size), k.floats(y.at, y.size)];
    for (let outer = 0; outer < x.size / (n * inner); outer++) {
      for (let i = 0; i < inner; i++) {
        const first = outer * n * inner + i;
        let [most, sum] = [-Infinity, 0];
        for (let j = 0; j < n; j++) most = Math.max(most, from[first + j * inner]);
        for (let j = 0; j < n; j++) sum += Math.exp(from[first + j * inner] - most);
        const log = Math.log(sum);
        for (let j = 0; j < n; j++) {
          const v = from[first + j * inner] - most;
          to[first + j * inner] = isLog ? v - log : Math.exp(v) / sum;
        }
      }
    }
    return [y];
  };

// ------------------------------------------------------------------------------------------ products and sums

/** @type {Operator} */
const gemm = (k, [A, B, C], a) => {
  const [M, K] = a.transA ? [...A.shape].reverse() : A.shape;
  const [y, N] = [empty(k, a.shape), a.shape[1]];
  const [first, second] = [a.transA ? [1, M] : [K, 1], a.transB ? [1, K] : [N, 1]];
  k.call.matmul(y.at, A.at, 0, ...first, B.at, 0, ...second, 1, M, N, K);
  const [alpha, beta] = [a.alpha ?? 1, a.beta ?? 1];
  const [scaled] = alpha === 1 ? [y] : each((v) => alpha * v)(k, [y], {});
  return C ? both((u, v) => u + beta * v)(k, [scaled, C], {}) : [scaled];
};

/** @type {Operator} */
const matmul = (k, [A, B], a) => {
  const [M, K] = A.shape.length > 1 ? A.shape.slice(-2) : [1, A.shape[0]];
  const N = B.shape.length > 1 ? /** @type {number} */ (B.shape.at(-1)) : 1;
  const [outerA, outerB] = [A.shape.slice(0, -2), B.shape.slice(0, -2)];
  const outer = broadcast(outerA, outerB);
  const y = empty(k, a.shape);
  walk(outer, [stridesOf(outerA, outer), stridesOf(outerB, outer)], (at, end, [i, j], [a, b]) => {
    for (; at < end; at++, i += a, j += b) {
      k.call.matmul(y.at + 4 * at * M * N, A.at + 4 * i * M * K, 0, K, 1, B.at + 4 * j * K * N, 0, N, 1, 1, M, N, K);
    }
  });
  return [y];
};

/** @param {(sum: number, x: number) => number} f  @param {number} start  @param {boolean} isMean  @returns {Operator} */
const reduction =
  (f, start, isMean = false) =>
  (k, [x, listed], a) => {
    /** @type {number[]} */
    const named = listed?.integers ?? a.axes ?? [];
    const axes =
      named.length || a.noop_with_empty_axes ? named.map((n) => positive(n, x.shape.length)) : x.shape.map((_, i) => i);
    const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
    const y = empty(k, (a.keepdims ?? 1) ? kept : kept.filter((_, i) => !axes.includes(i)));
    const [from, to] = [k.floats(x.at, x.size), k.floats(y.at, y.size).fill(start)];
    walk(x.shape, [stridesOf(kept, x.shape)], (at, end, [i], [step]) => {
      for (; at < end; at++, i += step) to[i] = f(to[i], from[at]);
    });
    if (isMean) for (let i = 0; i < to.length; i++) to[i] *= to.length / from.length;
    return [y];
  };

// -------------------------------------------------------------------------------------------------- shapes

/** The same elements in another shape. @type {Operator} */
const view = (_, [x], a) => [new Value(a.shape, x.at)];

/** @type {Operator} */
const transpose = (k, [x], a) => {
  const order = a.perm ?? x.shape.map((_, i) => x.shape.length - 1 - i);
  const y = empty(k, a.shape);
  const [from, to] = [k.floats(x.at, x.size), k.floats(y.at, y.size)];
  const own = stridesOf(x.shape, x.shape);
  walk(y.shape, [order.map((/** @type {number} */ i) => own[i])], (at, end, [i], [step]) => {
    for (; at < end; at++, i += step) to[at] = from[i];
  });
  return [y];
};

/** @type {Operator} */
const concat = (k, inputs, a) => {
  const y = empty(k, a.shape);
  const to = k.floats(y.at, y.size);
  const outer = sizeOf(y.shape.slice(0, positive(a.axis, y.shape.length)));
  let start = 0;
  for (const x of inputs) {
    const [from, part] = [k.floats(x.at, x.size), x.size / outer];
    for (let i = 0; i < outer; i++) to.set(from.subarray(i * part, (i + 1) * part), (i * y.size) / outer + start);
    start += part;
  }
  return [y];
};

/**
 * The elements of x at places along an axis; `filling` where a place is not from 0 to its length.
 *
 * @param {Kernels} k  @param {Value} x  @param {number} axis
 * @param {number} length  @param {(i: number) => number} place  of the element i
 * @param {number} [filling]  @param {number[]} [shape]  of the places
 */
function taken(k, x, axis, length, place, filling = 0, shape = [length]) {
  const [n, rest] = [x.shape[axis], x.shape.slice(axis + 1)];
  const [y, size] = [empty(k, [...x.shape.slice(0, axis), ...shape, ...rest]), sizeOf(rest)];
  const [from, to] = [k.floats(x.at, x.size), k.floats(y.at, y.size)];
  const places = Array.from({ length }, (_, i) => place(i));
  for (let at = 0, first = 0; at < to.length; first += n) {
    for (const each of places) {
      const start = (first + each) * size;
      for (let i = 0; i < size; i++) to[at++] = each >= 0 && each < n ? from[start + i] : filling;
    }
  }
  return y;
}

/** @type {Operator} */
const split = (k, [x, listed], a) => {
  const axis = positive(a.axis ?? 0, x.shape.length);
  const n = x.shape[axis];
  const most = Math.ceil(n / a.outputs);
  /** @type {number[]} */
  const lengths =
    listed?.integers ?? a.split ?? Array.from({ length: a.outputs }, (_, i) => Math.min(most, n - i * most));
  let stop = 0;
  return lengths.map((length) => {
    stop += length;
    return taken(k, x, axis, length, (i) => stop - length + i);
  });
};

/** @type {Operator} */
const gather = (k, [x, listed], a) => {
  const axis = positive(a.axis ?? 0, x.shape.length);
  const places = listed.integers ?? [];
  return [taken(k, x, axis, places.length, (i) => positive(places[i], x.shape[axis]), 0, listed.shape)];
};

/** @type {Operator} */
const pad = (k, [x, listed, value, named]) => {
  /** @type {any} */
  const ends = listed.integers;
  const count = ends.length / 2;
  const filling = value ? k.floats(value.at, 1)[0] : 0;
  ends.slice(count).forEach((/** @type {number} */ after, /** @type {number} */ i) => {
    const axis = positive(named?.integers?.[i] ?? i, x.shape.length);
    const [before, n] = [ends[i], x.shape[axis]];
    if (before || after) x = taken(k, x, axis, before + n + after, (at) => at - before, filling);
  });
  return [x];
};

/** @type {Operator} */
const slice = (k, [x, ...listed]) => {
  const [starts, ends, axes, steps] = [0, 1, 2, 3].map((i) => listed[i]?.integers);
  starts?.forEach((start, i) => {
    const axis = positive(axes?.[i] ?? i, x.shape.length);
    const [n, step] = [x.shape[axis], steps?.[i] ?? 1];
    const least = step < 0 ? -1 : 0;
    const limit = (/** @type {number} */ at) => Math.max(least, Math.min(n + least, positive(at, n)));
    const first = Math.max(0, limit(start));
    const length = Math.max(0, Math.ceil((limit(/** @type {number[]} */ (ends)[i]) - first) / step));
    x = taken(k, x, axis, length, (at) => first + at * step);
  });
  return [x];
};

/** Each element several times. @type {Operator} */
const resize = (k, [x], a) => {
  a.shape.forEach((/** @type {number} */ n, /** @type {number} */ axis) => {
    const times = n / x.shape[axis];
    if (times > 1) x = taken(k, x, axis, n, (i) => Math.floor(i / times));
  });
  return [x];
};

/** @type {Record<string, Operator>} */
const OPERATORS = {
  Conv: convolution(false),
  'Conv+Relu': convolution(true),
  ConvTranspose: deconvolution,
  MaxPool: maxPool,
  AveragePool: averagePool,
  Gemm: gemm,
  MatMul: matmul,
  Add: both('+'),
  Sub: both('-'),
  Mul: both('*'),
  Div: both('/'),
  Pow: both((x, z) => x ** z),
  Max: both(Math.max),
  Min: both(Math.min),
  Equal: both((x, z) => +(x === z)),
  Less: both((x, z) => +(x < z)),
  LessOrEqual: both((x, z) => +(x <= z)),
  Greater: both((x, z) => +(x > z)),
  GreaterOrEqual: both((x, z) => +(x >= z)),
  And: both((x, z) => x && z),
  Or: both((x, z) => x || z),
  Not: each((x) => +!x),
  Where: where,
  PRelu: both((x, slope) => (x < 0 ? slope * x : x)),
  Relu: each('relu'),
  LeakyRelu: each((x, a) => (x < 0 ? (a.alpha ?? 0.01) * x : x)),
  Elu: each((x, a) => (x < 0 ? (a.alpha ?? 1) * Math.expm1(x) : x)),
  Sigmoid: each((x) => 1 / (1 + Math.exp(-x))),
  HardSigmoid: each((x, a) => Math.max(0, Math.min(1, (a.alpha ?? 0.2) * x + (a.beta ?? 0.5)))),
  HardSwish: each((x) => (x * Math.max(0, Math.min(6, x + 3))) / 6),
  Softplus: each((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Tanh: each(Math.tanh),
  Exp: each(Math.exp),
  Log: each(Math.log),
  Sqrt: each(Math.sqrt),
  Reciprocal: each((x) => 1 / x),
  Sin: each(Math.sin),
  Cos: each(Math.cos),
  Abs: each(Math.abs),
  Neg: each((x) => -x),
  Erf: each(erf),
  Gelu: each((x, a) =>
    a.approximate === 'tanh'
      ? (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : (x / 2) * (1 + erf(x / Math.SQRT2)),
  ),
  Clip: clip,
  LayerNormalization: layerNorm,
  InstanceNormalization: groupNorm,
  GroupNormalization: groupNorm,
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  ReduceSum: reduction((sum, x) => sum + x, 0),
  ReduceMean: reduction((sum, x) => sum + x, 0, true),
  ReduceMax: reduction(Math.max, -Infinity),
  Reshape: view,
  Flatten: view,
  Squeeze: view,
  Unsqueeze: view,
  Identity: view,
  Cast: each((x) => x),
  Dropout: view,
  Transpose: transpose,
  Concat: concat,
  Expand: (k, [x], a) => both((v) => v)(k, [x, empty(k, a.shape)], a),
  Gather: gather,
  Pad: pad,
  Resize: resize,
  Slice: slice,
  Split: split,
};
