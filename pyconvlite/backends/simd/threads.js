/**
 * Threads for the SIMD kernels: workers, each with an instance of the side module in a memory of its own.
 *
 * `threads.py` evaluates this text and calls the functions of its value. Pyodide's memory is not shared, so a worker's
 * memory is: Python's thread copies a part of the inputs into it, computes its own part, waits, and copies the results
 * out. Each worker has its own memory, since a side module keeps its stack and buffers there. In Chromium, nested
 * workers neither start nor receive messages while Python runs. So they are started in advance, and called by Atomics.
 */
(() => {
  // Indexes of the words at the beginning of a worker's memory.
  const STATE = 0;
  const [STARTING, IDLE, CALLED] = [0, 1, 2]; // values of STATE; 3: the kernel failed
  const RETURNED = 1; // the kernel's result
  const KERNEL = 2; // the kernel's number
  const COUNT = 3; // the number of its arguments, which follow
  const ARGUMENTS = 4;
  const WORDS = 256;

  const LOST = 1 << 20; // see `finish`; beyond the bits of the parts
  const PAGE = 65_536;
  const STACK = 4 * PAGE; // where the stack begins, which grows down; the side module's data come after it
  const MOST_PAGES = 4_096; // of a worker's memory: 256 MB
  const ALIGNED = 64;

  // Kinds of arguments, see threads.py; 1 and 2 are items and stride, 4 is a whole array.
  const [SCALAR, CUT, SHIFTED, UPDATED, RESULT, PARTIAL] = [0, 3, 5, 6, 7, 8];

  const FIELDS = 4; // numbers that describe an argument

  /** Whether an argument is split among the parts. @param {number} kind */
  const isCut = (kind) => kind === CUT || kind === UPDATED || kind === RESULT;

  /** @param {number} n */
  const aligned = (n) => Math.ceil(n / ALIGNED) * ALIGNED;

  /**
   * The program of a worker, which is passed as text: it cannot use names of this file.
   *
   * @param {{module: WebAssembly.Module, memory: WebAssembly.Memory, base: number}} data
   */
  const program = ({ module, memory, base }) => {
    const words = new Int32Array(memory.buffer, 0, 256);
    const global = (/** @type {number} */ value, mutable = false) =>
      new WebAssembly.Global({ value: 'i32', mutable }, value);
    const env = {
      memory,
      __stack_pointer: global(base, true),
      __memory_base: global(base),
      __table_base: global(0),
      __indirect_function_table: new WebAssembly.Table({ initial: 256, element: 'anyfunc' }), // of no use here
    };
    const { exports } = new WebAssembly.Instance(module, { env });
    const kernels = /** @type {((...args: number[]) => number | undefined)[]} */ (Object.values(exports));
    Atomics.store(words, 0, 1);
    for (;;) {
      Atomics.wait(words, 0, 1);
      if (Atomics.load(words, 0) !== 2) continue;
      try {
        words[1] = kernels[words[2]](...words.subarray(4, 4 + words[3])) ?? 1;
        Atomics.store(words, 0, 1);
      } catch {
        Atomics.store(words, 0, 3);
      }
      Atomics.notify(words, 0);
    }
  };

  /** Node's own Worker, which takes a program's text; undefined in a browser. @returns {any} */
  const nodes = () => globalThis.process?.getBuiltinModule?.('node:worker_threads')?.Worker;

  const isOpaque = () => /** @type {any} */ (globalThis).origin === 'null';

  /**
   * Why there can be no threads here, in one word; empty if there can.
   *
   * @returns {'' | 'page' | 'opaque' | 'not-isolated' | 'unsupported'}
   */
  function obstacle() {
    const scope = /** @type {any} */ (globalThis);
    if ('document' in scope) return 'page'; // a page's main thread must not wait
    if (!nodes()) {
      if (typeof scope.Worker !== 'function' || !('crossOriginIsolated' in scope)) return 'unsupported';
      if (!scope.crossOriginIsolated) return isOpaque() ? 'opaque' : 'not-isolated';
    }
    return typeof SharedArrayBuffer === 'function' ? '' : 'unsupported';
  }

  /** Of this machine; Node has a `navigator` only since version 21. @returns {number} */
  const cores = () =>
    globalThis.process?.getBuiltinModule?.('node:os')?.availableParallelism() ??
    globalThis.navigator?.hardwareConcurrency ??
    1;

  /** Reads an unsigned LEB128 integer. @param {Uint8Array} bytes @param {number} at */
  function leb128(bytes, at) {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return { value, at };
    }
  }

  /** @param {number} value @returns {number[]} */
  const toLeb128 = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...toLeb128(value >>> 7)]);

  /**
   * The side module, with its import of a memory changed to one of a shared memory.
   *
   * @param {Uint8Array} bytes
   * @param {number} pages  minimum size of the memory
   */
  function withSharedMemory(bytes, pages) {
    const IMPORTS = 2;
    for (let at = 8; at < bytes.length; ) {
      const id = bytes[at];
      const { value: size, at: start } = leb128(bytes, at + 1);
      if (id === IMPORTS) {
        const text = [3, ...'env', 6, ...'memory', 2].map((c) => (typeof c === 'string' ? c.charCodeAt(0) : c));
        let limits = start;
        while (!text.every((byte, i) => bytes[limits + i] === byte)) limits++;
        limits += text.length;
        let after = leb128(bytes, limits + 1).at;
        if (bytes[limits] & 1) after = leb128(bytes, after).at;
        const shared = [3, ...toLeb128(pages), ...toLeb128(MOST_PAGES)];
        const section = [...bytes.subarray(start, limits), ...shared, ...bytes.subarray(after, start + size)];
        return new Uint8Array([
          ...bytes.subarray(0, at),
          ...[IMPORTS, ...toLeb128(section.length), ...section],
          ...bytes.subarray(start + size),
        ]);
      }
      at = start + size;
    }
    throw new Error('the side module imports no memory');
  }

  class Thread {
    /** @param {WebAssembly.Module} module @param {number} dataSize @param {(reason: string) => void} onError */
    constructor(module, dataSize, onError) {
      this.arena = aligned(STACK + dataSize);
      this.memory = new WebAssembly.Memory({
        initial: Math.ceil(this.arena / PAGE),
        maximum: MOST_PAGES,
        shared: true,
      });
      this.bytes = new Uint8Array(this.memory.buffer);
      this.words = new Int32Array(this.memory.buffer, 0, WORDS);
      /** Copies to make after the call: from, to, number of bytes. @type {number[][]} */
      this.results = [];
      const data = { module, memory: this.memory, base: STACK };
      const NodeWorker = nodes();
      if (NodeWorker) {
        const source = `(${program})(require('node:worker_threads').workerData)`;
        this.worker = new NodeWorker(source, { eval: true, workerData: data });
        this.worker.on('error', (/** @type {Error} */ error) => onError(String(error)));
        this.worker.on('exit', () => onError('it ended'));
        this.worker.unref(); // it does not keep the process alive
      } else {
        const source = `onmessage = ({ data }) => (${program})(data)`;
        // Of an opaque origin, WebKit starts no blob; of another, a worker of `data:` shares no memory in Chromium.
        const url = isOpaque()
          ? `data:text/javascript,${encodeURIComponent(source)}`
          : URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
        this.worker = new Worker(url, { name: 'kernels' });
        this.worker.onerror = (/** @type {ErrorEvent} */ event) => {
          event.preventDefault();
          onError(event.message || 'it does not load');
        };
        this.worker.postMessage(data);
        URL.revokeObjectURL(url);
      }
    }

    get state() {
      return Atomics.load(this.words, STATE);
    }

    /** Grows the memory to hold `size` bytes. @param {number} size @returns {boolean} whether it could */
    reserve(size) {
      const missing = Math.ceil((this.arena + size - this.bytes.length) / PAGE);
      if (missing <= 0) return true;
      try {
        this.memory.grow(missing);
      } catch {
        return false;
      }
      this.bytes = new Uint8Array(this.memory.buffer);
      return true;
    }

    /** @param {number} kernel @param {number[]} args */
    call(kernel, args) {
      this.words[KERNEL] = kernel;
      this.words[COUNT] = args.length;
      this.words.set(args, ARGUMENTS);
      Atomics.store(this.words, STATE, CALLED);
      Atomics.notify(this.words, STATE);
    }

    /** Waits until the call is done. @param {number} limit  ms @returns {boolean} whether it is */
    join(limit) {
      const end = performance.now() + limit;
      // If the previous call ended before a wait, its notification may come only now, as in Firefox.
      for (let left = limit; left > 0 && this.state === CALLED; left = end - performance.now()) {
        Atomics.wait(this.words, STATE, CALLED, left);
      }
      return this.state === IDLE;
    }
  }

  class Threads {
    /**
     * @param {{HEAPU8: Uint8Array}} python  Emscripten's module
     * @param {Uint8Array} bytes  the side module
     */
    constructor(python, bytes) {
      this.python = python;
      const [dylink] = WebAssembly.Module.customSections(new WebAssembly.Module(bytes.slice()), 'dylink.0');
      const section = new Uint8Array(dylink);
      this.dataSize = leb128(section, leb128(section, 1).at).value; // of the first subsection, see benchmarks/simd.py
      const pages = Math.ceil(aligned(STACK + this.dataSize) / PAGE);
      this.module = new WebAssembly.Module(withSharedMemory(bytes, pages));
      this.kernels = WebAssembly.Module.exports(this.module).map(({ name }) => name);
      /** @type {Thread[]} */
      this.threads = [];
      /** The threads of the current call, by part. @type {(Thread | null)[]} */
      this.called = [];
      this.begun = 0;
      this.lost = 0; // workers that died since `start`
      this.patience = 10_000; // ms that a worker may take longer than Python's thread, as on a busy machine
      this.error = ''; // why workers do not start
      this.copied = 0; // bytes, for the bench
      this.waited = 0; // ms
    }

    /** Starts workers until there are `count`. @param {number} count */
    start(count) {
      this.lost = 0;
      try {
        while (this.threads.length < count) {
          const thread = new Thread(this.module, this.dataSize, (reason) => {
            if (!this.threads.includes(thread)) return;
            const hasStarted = thread.state !== STARTING;
            this.drop(thread);
            if (!hasStarted && !this.ready()) this.error = reason;
          });
          this.threads.push(thread);
        }
      } catch (error) {
        if (!this.threads.length) this.error = String(error); // out of memory, or forbidden by the page's policy
      }
    }

    /** The number of threads that can be called. */
    ready() {
      let count = 0;
      for (const { state } of this.threads) if (state !== STARTING) count++;
      return count;
    }

    /** @param {string} name */
    kernel(name) {
      return this.kernels.indexOf(name);
    }

    /**
     * Gives each ready worker its part of a call; Python computes the first part and the remaining ones.
     *
     * @param {number} address  of the call in Python's memory, in float64: kernel, number of arguments, number of parts,
     *   where each part begins and the last one ends, then each argument's kind, value, bytes and rows; see threads.py
     * @returns {boolean} whether any worker computes; if not, nothing has been done
     */
    begin(address) {
      const heap = this.python.HEAPU8;
      const words = new Float64Array(heap.buffer, address);
      const [kernel, count, parts] = words;
      const first = 3;
      const args = first + parts + 1;
      const all = words[args - 1]; // items
      const ready = this.threads
        .filter(({ state }) => state !== STARTING)
        .slice(0, parts - 1)
        // After an interrupt, a call may still be running.
        .filter((thread) => thread.state === IDLE || thread.join(this.patience) || this.drop(thread));
      this.called = Array(parts - 1).fill(null);
      for (let part = 1; part <= ready.length; part++) {
        const thread = ready[part - 1];
        const from = words[first + part];
        const items = words[first + part + 1] - from;
        let total = 0;
        for (let i = args; i < args + FIELDS * count; i += FIELDS) {
          const [kind, bytes, rows] = [words[i], words[i + 2], words[i + 3]];
          if (kind >= CUT) total += aligned(isCut(kind) ? rows * items * bytes : bytes);
        }
        if (!thread.reserve(total + ALIGNED)) continue;
        thread.results = [];
        const values = [];
        let place = thread.arena;
        for (let i = args; i < args + FIELDS * count; i += FIELDS) {
          const [kind, value, bytes, rows] = [words[i], words[i + 1], words[i + 2], words[i + 3]];
          if (kind === SCALAR) values.push(value);
          else if (kind < CUT) values.push(items);
          else {
            const size = isCut(kind) ? items * bytes : bytes;
            const start = value + (isCut(kind) ? from * bytes : kind === PARTIAL ? part * bytes : 0);
            for (let row = 0; row < rows; row++) {
              const [there, here] = [start + row * all * bytes, place + row * size];
              if (kind < RESULT) thread.bytes.set(heap.subarray(there, there + size), here);
              if (kind >= UPDATED) thread.results.push([here, there, size]);
            }
            this.copied += rows * size;
            values.push(kind === SHIFTED ? place + 4 * from : place);
            place = aligned(place + rows * size);
          }
        }
        thread.call(kernel, values);
        this.called[part - 1] = thread;
      }
      this.begun = performance.now();
      return this.called.some(Boolean);
    }

    /**
     * Waits for the workers and copies their results into Python's memory.
     *
     * @returns {number} bits: n for each part n that is missing, since no worker was ready for it or its worker died; 0
     *   if the kernel does not support these sizes; LOST if any worker died since `start`
     */
    finish() {
      const now = performance.now();
      const end = now + this.patience + 10 * (now - this.begun); // for all of them
      const heap = this.python.HEAPU8;
      let missing = 0;
      this.called.forEach((thread, i) => {
        if (!thread?.join(Math.max(1, end - performance.now()))) {
          missing |= 2 << i;
          if (thread) this.drop(thread);
          return;
        }
        if (thread.words[RETURNED] === 0) missing |= 1;
        else for (const [from, to, size] of thread.results) heap.set(thread.bytes.subarray(from, from + size), to);
      });
      this.called = [];
      this.waited += performance.now() - now;
      return this.lost ? missing | LOST : missing;
    }

    /** Ends a worker. @param {Thread} thread @returns {false} */
    drop(thread) {
      thread.worker.terminate();
      this.threads = this.threads.filter((other) => other !== thread);
      this.lost++;
      return false;
    }

    /** Ends all. */
    stop() {
      for (const thread of this.threads) this.drop(thread);
    }
  }

  return {
    obstacle,
    cores,
    inBrowser: () => !nodes(),
    open: (/** @type {any} */ python, /** @type {Uint8Array} */ bytes) => new Threads(python, bytes),
  };
})();
