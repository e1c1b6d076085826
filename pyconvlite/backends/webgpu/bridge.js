/**
 * The JavaScript side of the WebGPU backend: a device, its buffers and pipelines by number, and commands in batches.
 *
 * `device.py` evaluates this text wherever Python runs: on a page, in a worker, in a notebook's kernel, in Node. Its
 * value is a function that opens a device. Python passes only numbers, in one call per kernel.
 */
(() => {
  const SLOT = 256; // bytes of parameters per dispatch; the offset alignment that every device supports
  const BATCH = 32; // dispatches per submission
  const GROUPS_KEPT = 4096; // bind groups in the cache
  const LOSS_DELAY = 500; // ms to wait, after a failed read, for the device to report that it is lost

  /**
   * @typedef {{pipeline: GPUComputePipeline, layout: GPUBindGroupLayout, name: string, buffers: number}} Pipeline
   * @typedef {{pipeline: number, workgroups: number[], ids: number[], bindGroup: GPUBindGroup | null}} Run
   * @typedef {object} Capture
   * @property {{from: number, to: number, bytes: number}[]} copies of buffers, before the runs
   * @property {Run[]} runs
   * @property {number[][]} numbers the parameters of each run, until the capture ends
   * @property {Int32Array<ArrayBuffer>} parameters of all runs, after it
   * @property {number[]} places of the parameters that each replay sets
   * @property {GPUBuffer | null} uniform
   */

  class Bridge {
    /** @param {GPUDevice} device */
    constructor(device) {
      this.device = device;
      this.lost = '';
      this.error = '';
      this.info = ''; // what `init` returns, as JSON
      /** @type {{buffer: GPUBuffer, bytes: number, isValid: boolean}[]} by id, until they are freed */
      this.buffers = [];
      /** @type {Map<number, number[]>} ids of released buffers by size */
      this.pool = new Map();
      /** @type {Pipeline[]} by id */
      this.pipelines = [];
      /** @type {Map<string, GPUBindGroupLayout>} by the access to the buffers */
      this.layouts = new Map();
      /** @type {Map<string, GPUBindGroup>} by pipeline and buffers */
      this.bindGroups = new Map();
      /** @type {Map<number, Capture>} by id */
      this.captures = new Map();
      this.lastCapture = 0;
      this.dispatches = 0; // in the open batch
      /** @type {Set<string>} the kernels in the open batch */
      this.names = new Set();
      this.parameters = new Int32Array((BATCH * SLOT) / 4);
      this.uniform = device.createBuffer({
        size: BATCH * SLOT,
        usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      });
      /** @type {GPUCommandEncoder | null} */
      this.encoder = null;
      /** @type {GPUComputePassEncoder | null} */
      this.pass = null;
      this.counts = { live: 0, pooled: 0, peak: 0, reads: 0, dispatches: 0 };
      device.lost.then(({ reason, message }) => {
        this.lost = message || reason || 'unknown';
      });
      device.addEventListener('uncapturederror', ({ error }) => {
        this.error ||= error.message;
      });
    }

    /**
     * @param {number} bytes
     * @returns {number} the id of a buffer; its contents are undefined
     */
    allocate(bytes) {
      this.check();
      const counts = this.counts;
      const pooled = this.pool.get(bytes);
      let id = pooled?.pop();
      if (id !== undefined) {
        counts.pooled -= bytes;
      } else {
        const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
        id = this.buffers.length;
        this.device.pushErrorScope('out-of-memory');
        this.buffers.push({ buffer: this.device.createBuffer({ size: bytes, usage }), bytes, isValid: true });
        this.device.popErrorScope().then(
          (error) => error && this.invalidate(/** @type {number} */ (id), error),
          () => {}, // the device is lost, which is reported separately
        );
      }
      counts.live += bytes;
      counts.peak = Math.max(counts.peak, counts.live);
      return id;
    }

    /**
     * Puts a buffer into the pool; earlier commands can still use it, since the queue runs in order.
     *
     * @param {number} id
     */
    release(id) {
      const { bytes, isValid } = this.buffers[id];
      this.counts.live -= bytes;
      if (!isValid) {
        delete this.buffers[id];
        return;
      }
      const pooled = this.pool.get(bytes);
      if (pooled) pooled.push(id);
      else this.pool.set(bytes, [id]);
      this.counts.pooled += bytes;
    }

    /**
     * Keeps a buffer whose allocation failed out of the pool: commands on it compute nothing.
     *
     * @param {number} id
     * @param {GPUError} error
     */
    invalidate(id, { message }) {
      this.error ||= message;
      const entry = this.buffers[id];
      if (!entry) return; // it has been freed
      const pooled = this.pool.get(entry.bytes);
      const place = pooled?.indexOf(id) ?? -1;
      entry.isValid = false;
      if (!pooled || place < 0) return; // it is in use, and released later
      pooled.splice(place, 1);
      this.counts.pooled -= entry.bytes;
      delete this.buffers[id];
    }

    freePool() {
      this.submit();
      for (const id of [...this.pool.values()].flat()) {
        this.buffers[id].buffer.destroy();
        delete this.buffers[id];
      }
      this.pool.clear();
      this.bindGroups.clear(); // they may refer to destroyed buffers
      this.counts.pooled = 0;
    }

    /**
     * Copies to a device buffer.
     *
     * @param {number} id
     * @param {{getBuffer(type: string): {data: Uint8Array<ArrayBuffer>, release(): void}}} bytes a Python object
     */
    write(id, bytes) {
      this.check();
      this.submit(); // writeBuffer would run before encoded commands that use the buffer
      const view = bytes.getBuffer('u8');
      try {
        this.device.queue.writeBuffer(this.buffers[id].buffer, 0, view.data);
      } finally {
        view.release();
      }
    }

    /**
     * Copies from a device buffer, and after it the contents of another one.
     *
     * @param {number} id
     * @param {number} offset
     * @param {number} bytes
     * @param {number} report the other buffer
     */
    async read(id, offset, bytes, report) {
      this.check();
      this.counts.reads++;
      const reported = this.buffers[report];
      const size = bytes + reported.bytes;
      const staging = this.device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      this.endPass();
      this.encoder ??= this.device.createCommandEncoder();
      this.encoder.copyBufferToBuffer(this.buffers[id].buffer, offset, staging, 0, bytes);
      this.encoder.copyBufferToBuffer(reported.buffer, 0, staging, bytes, reported.bytes);
      this.submit();
      try {
        // Some implementations never settle mapAsync when the device is lost.
        await Promise.race([staging.mapAsync(GPUMapMode.READ), this.device.lost]);
        this.check();
        return new Uint8Array(staging.getMappedRange()).slice();
      } catch (error) {
        // mapAsync may reject before the promise of the loss resolves.
        const moment = new Promise((resolve) => setTimeout(resolve, LOSS_DELAY));
        await Promise.race([this.device.lost, moment]);
        this.check();
        // Nothing else aborts the mapping.
        if (error instanceof DOMException && error.name === 'AbortError')
          throw new Error(`device lost: ${error.message}`);
        throw error;
      } finally {
        staging.destroy();
      }
    }

    /**
     * @param {string} name shown in errors
     * @param {string} code WGSL: the parameters at binding 0, buffers from binding 1 on
     * @param {string} access a letter for each buffer: r for one that is read, w for one that is written
     * @returns {number} the pipeline's id
     */
    pipeline(name, code, access) {
      this.check();
      const { device } = this;
      let layout = this.layouts.get(access);
      if (!layout) {
        const visibility = GPUShaderStage.COMPUTE;
        /** @type {GPUBindGroupLayoutEntry[]} */
        const entries = [...access].map((letter, i) => ({
          binding: i + 1,
          visibility,
          buffer: { type: letter === 'w' ? 'storage' : 'read-only-storage' },
        }));
        entries.unshift({
          binding: 0,
          visibility,
          buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: SLOT },
        });
        layout = device.createBindGroupLayout({ entries });
        this.layouts.set(access, layout);
      }
      device.pushErrorScope('validation');
      const pipeline = device.createComputePipeline({
        label: name,
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: device.createShaderModule({ label: name, code }), entryPoint: 'main' },
      });
      this.popErrorScope(`the kernel ${name}`);
      return this.pipelines.push({ pipeline, layout, name, buffers: access.length }) - 1;
    }

    /**
     * Runs a pipeline on x by y by z workgroups.
     *
     * @param {number} id
     * @param {number} x
     * @param {number} y
     * @param {number} z
     * @param {number[]} numbers its buffers' ids, then its parameters
     */
    run(id, x, y, z, ...numbers) {
      this.check();
      const { pipeline, buffers, name } = this.pipelines[id];
      const ids = numbers.slice(0, buffers);
      const key = `${id}:${ids}`;
      let group = this.bindGroups.get(key);
      if (!group) {
        group = this.bindGroup(id, ids, this.uniform);
        if (this.bindGroups.size >= GROUPS_KEPT) this.bindGroups.clear();
        this.bindGroups.set(key, group);
      }
      const offset = this.dispatches * SLOT;
      for (let i = buffers; i < numbers.length; i++) this.parameters[offset / 4 + i - buffers] = numbers[i];
      this.encoder ??= this.device.createCommandEncoder();
      this.pass ??= this.encoder.beginComputePass();
      this.pass.setPipeline(pipeline);
      this.pass.setBindGroup(0, group, [offset]);
      this.pass.dispatchWorkgroups(x, y, z);
      this.names.add(name);
      this.counts.dispatches++;
      if (++this.dispatches === BATCH) this.submit();
    }

    /**
     * @param {number} pipeline
     * @param {number[]} ids of its buffers
     * @param {GPUBuffer} uniform its parameters
     */
    bindGroup(pipeline, ids, uniform) {
      const { layout, name } = this.pipelines[pipeline];
      /** @type {GPUBindGroupEntry[]} */
      const entries = ids.map((id, i) => ({ binding: i + 1, resource: { buffer: this.buffers[id].buffer } }));
      entries.unshift({ binding: 0, resource: { buffer: uniform, size: SLOT } });
      return this.device.createBindGroup({ label: name, layout, entries });
    }

    // -- captured steps: commands that are replayed

    /** @returns {number} its id */
    beginCapture() {
      const id = ++this.lastCapture;
      const parameters = new Int32Array();
      this.captures.set(id, { copies: [], runs: [], numbers: [], parameters, places: [], uniform: null });
      return id;
    }

    /** @param {number} id */
    captured(id) {
      return /** @type {Capture} */ (this.captures.get(id));
    }

    /**
     * @param {number} id
     * @param {number} from a buffer
     * @param {number} to a buffer
     * @param {number} bytes
     */
    captureCopy(id, from, to, bytes) {
      this.captured(id).copies.push({ from, to, bytes });
    }

    /**
     * Adds a dispatch; the arguments are those of `run`.
     *
     * @param {number} id
     * @param {number} pipeline
     * @param {number} x
     * @param {number} y
     * @param {number} z
     * @param {number[]} numbers
     */
    captureRun(id, pipeline, x, y, z, ...numbers) {
      const captured = this.captured(id);
      const { buffers } = this.pipelines[pipeline];
      captured.runs.push({ pipeline, workgroups: [x, y, z], ids: numbers.slice(0, buffers), bindGroup: null });
      captured.numbers.push(numbers.slice(buffers));
    }

    /**
     * @param {number} id
     * @param {number[]} places of the parameters that each replay sets: the run, the place among its parameters
     */
    endCapture(id, ...places) {
      const captured = this.captured(id);
      const { runs } = captured;
      const all = new Int32Array((runs.length * SLOT) / 4);
      captured.numbers.forEach((numbers, run) => all.set(numbers, (run * SLOT) / 4));
      captured.numbers = [];
      captured.parameters = all;
      for (let i = 0; i < places.length; i += 2) captured.places.push((places[i] * SLOT) / 4 + places[i + 1]);
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      captured.uniform = this.device.createBuffer({ size: all.byteLength, usage });
      for (const run of runs) run.bindGroup = this.bindGroup(run.pipeline, run.ids, captured.uniform);
    }

    /**
     * Runs a captured step in one submission.
     *
     * @param {number} id
     * @param {number[]} numbers the parameters to set, then the copies before the runs: from, offset, to, bytes of each
     */
    replay(id, ...numbers) {
      this.check();
      this.submit();
      const { copies, runs, parameters, places, uniform } = this.captured(id);
      places.forEach((place, i) => (parameters[place] = numbers[i]));
      const inputs = numbers.slice(places.length);
      this.device.queue.writeBuffer(/** @type {GPUBuffer} */ (uniform), 0, parameters);
      const encoder = this.device.createCommandEncoder();
      const copy = (/** @type {number[]} */ ...[from, offset, to, bytes]) =>
        encoder.copyBufferToBuffer(this.buffers[from].buffer, offset, this.buffers[to].buffer, 0, bytes);
      for (const { from, to, bytes } of copies) copy(from, 0, to, bytes);
      for (let i = 0; i < inputs.length; i += 4) copy(inputs[i], inputs[i + 1], inputs[i + 2], inputs[i + 3]);
      const pass = encoder.beginComputePass();
      runs.forEach(({ pipeline, workgroups, bindGroup }, k) => {
        pass.setPipeline(this.pipelines[pipeline].pipeline);
        pass.setBindGroup(0, bindGroup, [k * SLOT]);
        const [x, y, z] = workgroups;
        pass.dispatchWorkgroups(x, y, z);
      });
      pass.end();
      this.device.queue.submit([encoder.finish()]);
      this.counts.dispatches += runs.length;
    }

    /** @param {number} id */
    dropCapture(id) {
      this.captures.get(id)?.uniform?.destroy();
      this.captures.delete(id);
    }

    endPass() {
      this.pass?.end();
      this.pass = null;
    }

    submit() {
      if (!this.encoder) return;
      this.endPass();
      const { queue } = this.device;
      if (this.dispatches) queue.writeBuffer(this.uniform, 0, this.parameters, 0, (this.dispatches * SLOT) / 4);
      const names = this.names;
      this.device.pushErrorScope('validation');
      queue.submit([this.encoder.finish()]);
      this.popErrorScope(`one of the kernels ${[...names].join(', ')}`);
      this.encoder = null;
      this.dispatches = 0;
      this.names = new Set();
    }

    /**
     * Keeps the first error of the scope, for the next call to throw: without a scope, the device does not name the
     * kernel, and reports the error of a faulty pipeline twice. A scope takes 4 us (Dawn under Node) per submission.
     *
     * @param {string} where
     */
    popErrorScope(where) {
      this.device.popErrorScope().then(
        (error) => {
          if (error) this.error ||= `${error.message} (in ${where})`;
        },
        () => {}, // the device is lost
      );
    }

    /** Throws the first error since the last call. */
    check() {
      if (this.lost) throw new Error(`device lost: ${this.lost}`);
      if (this.error) {
        const message = this.error;
        this.error = '';
        throw new Error(message);
      }
    }

    destroy() {
      this.device.destroy();
    }
  }

  /**
   * Opens a device with the highest limits and all known features of its adapter.
   *
   * @param {GPU} gpu
   * @param {GPUPowerPreference} [powerPreference]
   */
  return async (gpu, powerPreference) => {
    const adapter = await gpu.requestAdapter(powerPreference ? { powerPreference } : {});
    if (!adapter) throw new Error('no adapter');
    const wanted = /** @type {const} */ ([
      'maxBufferSize',
      'maxStorageBufferBindingSize',
      'maxStorageBuffersPerShaderStage',
      'maxComputeWorkgroupsPerDimension',
    ]);
    const requiredLimits = Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]));
    /** @type {GPUFeatureName[]} */
    const optional = ['shader-f16'];
    const requiredFeatures = optional.filter((feature) => adapter.features.has(feature));
    const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
    const bridge = new Bridge(device);
    const { vendor, architecture, description } = adapter.info;
    bridge.info = JSON.stringify({
      vendor,
      architecture,
      description,
      fallback: Boolean(adapter.info.isFallbackAdapter),
      features: [...device.features].sort(),
      limits: Object.fromEntries(wanted.map((name) => [name, device.limits[name]])),
    });
    return bridge;
  };
})();
