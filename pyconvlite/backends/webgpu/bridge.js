/**
 * The JavaScript side of the WebGPU backend: a device, its buffers and pipelines by number, and commands in batches.
 *
 * `device.py` evaluates this text, wherever Python runs: on a page, in a worker, in a notebook's kernel, in Node. Its
 * value is a function that opens a device. Python hands over numbers only, one call per kernel.
 */
(() => {
  const SLOT = 256; // bytes of parameters to a dispatch; the least offset that every device can bind
  const BATCH = 32; // dispatches to a submission
  const GROUPS_KEPT = 4096; // bind groups remembered

  class Bridge {
    constructor(device) {
      this.device = device;
      this.lost = '';
      this.error = '';
      this.buffers = []; // by id: {buffer, bytes}, as long as they are on the device
      this.pool = new Map(); // ids of released buffers by size
      this.pipelines = []; // by id: {pipeline, layout, name}
      this.layouts = new Map(); // by which buffers are written
      this.groups = new Map();
      this.dispatches = 0; // in the open batch
      this.parameters = new Int32Array((BATCH * SLOT) / 4);
      this.uniform = device.createBuffer({ size: BATCH * SLOT, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
      this.encoder = null;
      this.pass = null;
      this.counts = { live: 0, pooled: 0, peak: 0, reads: 0, dispatches: 0, submissions: 0 };
      device.lost.then(({ reason, message }) => {
        this.lost = message || reason || 'unknown';
      });
      device.addEventListener('uncapturederror', ({ error }) => {
        this.error ||= error.message;
      });
    }

    /** @returns {number} the id of a buffer; what it holds is not defined */
    allocate(bytes) {
      this.check();
      const counts = this.counts;
      const pooled = this.pool.get(bytes);
      let id;
      if (pooled?.length) {
        id = pooled.pop();
        counts.pooled -= bytes;
      } else {
        const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
        id = this.buffers.length;
        this.buffers.push({ buffer: this.device.createBuffer({ size: bytes, usage }), bytes });
      }
      counts.live += bytes;
      counts.peak = Math.max(counts.peak, counts.live);
      return id;
    }

    /** Puts a buffer into the pool; commands given before still see it, as the queue keeps their order. */
    release(id) {
      const { bytes } = this.buffers[id];
      if (!this.pool.has(bytes)) this.pool.set(bytes, []);
      this.pool.get(bytes).push(id);
      this.counts.live -= bytes;
      this.counts.pooled += bytes;
    }

    freePool() {
      this.submit();
      for (const id of [...this.pool.values()].flat()) {
        this.buffers[id].buffer.destroy();
        delete this.buffers[id];
      }
      this.pool.clear();
      this.groups.clear(); // they may hold buffers that are gone
      this.counts.pooled = 0;
    }

    /** Copies bytes, a Python object with a buffer, to a device buffer. */
    write(id, bytes) {
      this.check();
      this.submit(); // a copy to the queue would overtake commands that still use the buffer
      const view = bytes.getBuffer('u8');
      try {
        this.device.queue.writeBuffer(this.buffers[id].buffer, 0, view.data);
      } finally {
        view.release();
      }
    }

    /** @returns {Promise<Uint8Array>} */
    async read(id, offset, bytes) {
      this.check();
      this.counts.reads++;
      const staging = this.device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      this.endPass();
      this.encoder ??= this.device.createCommandEncoder();
      this.encoder.copyBufferToBuffer(this.buffers[id].buffer, offset, staging, 0, bytes);
      this.submit();
      try {
        // Whichever comes first: some implementations leave the wait open when the device is lost.
        await Promise.race([staging.mapAsync(GPUMapMode.READ), this.device.lost]);
        this.check();
        return new Uint8Array(staging.getMappedRange()).slice();
      } catch (error) {
        this.check();
        throw error;
      } finally {
        staging.destroy();
      }
    }

    /**
     * @param {string} name shown in errors
     * @param {string} code WGSL: the parameters at binding 0, buffers from 1 on
     * @param {string} access a letter for each buffer: r, or w for one that is written
     * @returns {number} the pipeline's id
     */
    pipeline(name, code, access) {
      this.check();
      const { device } = this;
      let layout = this.layouts.get(access);
      if (!layout) {
        const visibility = GPUShaderStage.COMPUTE;
        const entries = [...access].map((letter, i) => ({
          binding: i + 1,
          visibility,
          buffer: { type: letter === 'w' ? 'storage' : 'read-only-storage' },
        }));
        entries.unshift({ binding: 0, visibility, buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: SLOT } });
        layout = device.createBindGroupLayout({ entries });
        this.layouts.set(access, layout);
      }
      const pipeline = device.createComputePipeline({
        label: name,
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: device.createShaderModule({ label: name, code }), entryPoint: 'main' },
      });
      return this.pipelines.push({ pipeline, layout, name, buffers: access.length }) - 1;
    }

    /** Runs a pipeline on x by y by z workgroups; its buffers' ids, then its parameters. */
    run(id, x, y, z, ...numbers) {
      this.check();
      const { pipeline, buffers } = this.pipelines[id];
      const ids = numbers.slice(0, buffers);
      const key = `${id}:${ids}`;
      let group = this.groups.get(key);
      if (!group) {
        group = this.bindGroup(id, ids, this.uniform);
        if (this.groups.size >= GROUPS_KEPT) this.groups.clear();
        this.groups.set(key, group);
      }
      const offset = this.dispatches * SLOT;
      for (let i = buffers; i < numbers.length; i++) this.parameters[offset / 4 + i - buffers] = numbers[i];
      this.encoder ??= this.device.createCommandEncoder();
      this.pass ??= this.encoder.beginComputePass();
      this.pass.setPipeline(pipeline);
      this.pass.setBindGroup(0, group, [offset]);
      this.pass.dispatchWorkgroups(x, y, z);
      this.counts.dispatches++;
      if (++this.dispatches === BATCH) this.submit();
    }

    bindGroup(pipeline, ids, uniform) {
      const { layout, name } = this.pipelines[pipeline];
      const entries = ids.map((id, i) => ({ binding: i + 1, resource: { buffer: this.buffers[id].buffer } }));
      entries.unshift({ binding: 0, resource: { buffer: uniform, size: SLOT } });
      return this.device.createBindGroup({ label: name, layout, entries });
    }

    // -- captured steps: commands that are given again and again

    beginCapture() {
      this.captures ??= new Map();
      const id = (this.lastCapture = (this.lastCapture ?? 0) + 1);
      this.captures.set(id, { copies: [], runs: [], parameters: [], counters: [], uniform: null });
      return id;
    }

    captureCopy(id, from, to, bytes) {
      this.captures.get(id).copies.push({ from, to, bytes });
    }

    captureRun(id, pipeline, x, y, z, ...numbers) {
      const { runs, parameters } = this.captures.get(id);
      const { buffers } = this.pipelines[pipeline];
      runs.push({ pipeline, groups: [x, y, z], ids: numbers.slice(0, buffers), group: null });
      parameters.push(numbers.slice(buffers));
    }

    /** `counters`: for each the run, the place among its parameters, and the value at the recorded step. */
    endCapture(id, ...counters) {
      const captured = this.captures.get(id);
      const { runs, parameters } = captured;
      const all = new Int32Array((runs.length * SLOT) / 4);
      parameters.forEach((numbers, run) => all.set(numbers, (run * SLOT) / 4));
      captured.parameters = all;
      for (let i = 0; i < counters.length; i += 3) {
        captured.counters.push({ at: (counters[i] * SLOT) / 4 + counters[i + 1], value: counters[i + 2] });
      }
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      captured.uniform = this.device.createBuffer({ size: all.byteLength, usage });
      for (const run of runs) run.group = this.bindGroup(run.pipeline, run.ids, captured.uniform);
    }

    /** Runs a captured step in one submission, after copies: for each from, offset, to, bytes. */
    replay(id, ...inputs) {
      this.check();
      this.submit();
      const { copies, runs, parameters, counters, uniform } = this.captures.get(id);
      const words = new Float32Array(parameters.buffer);
      for (const counter of counters) words[counter.at] = ++counter.value;
      this.device.queue.writeBuffer(uniform, 0, parameters);
      const encoder = this.device.createCommandEncoder();
      const copy = (from, offset, to, bytes) =>
        encoder.copyBufferToBuffer(this.buffers[from].buffer, offset, this.buffers[to].buffer, 0, bytes);
      for (const { from, to, bytes } of copies) copy(from, 0, to, bytes);
      for (let i = 0; i < inputs.length; i += 4) copy(inputs[i], inputs[i + 1], inputs[i + 2], inputs[i + 3]);
      const pass = encoder.beginComputePass();
      runs.forEach(({ pipeline, groups, group }, k) => {
        pass.setPipeline(this.pipelines[pipeline].pipeline);
        pass.setBindGroup(0, group, [k * SLOT]);
        pass.dispatchWorkgroups(...groups);
      });
      pass.end();
      this.device.queue.submit([encoder.finish()]);
      this.counts.dispatches += runs.length;
      this.counts.submissions++;
    }

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
      queue.submit([this.encoder.finish()]);
      this.encoder = null;
      this.dispatches = 0;
      this.counts.submissions++;
    }

    /** Throws what went wrong since the last call. */
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

  /** Opens the best device with all that its adapter can do; throws what is missing. */
  return async (gpu, powerPreference) => {
    const adapter = await gpu.requestAdapter(powerPreference ? { powerPreference } : {});
    if (!adapter) throw new Error('no adapter');
    const wanted = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage'];
    const requiredLimits = Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]));
    const requiredFeatures = ['shader-f16', 'timestamp-query'].filter((feature) => adapter.features.has(feature));
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
