"""Errors: no device, a lost device, an invalid kernel, or a runtime that cannot wait."""

import asyncio

import numpy as np
import pytest
from pyodide.code import run_js

import pyconvlite.functions as F
from pyconvlite import Variable, seed
from pyconvlite.backends import DeviceUnavailable, webgpu
from pyconvlite.backends.webgpu.device import current
from pyconvlite.models import LeNet

rng = np.random.default_rng(0)
x = rng.random((6, 1, 28, 28)).astype(np.float32)
t = rng.integers(0, 10, 6).astype(np.int32)


@pytest.fixture
def stub():
    """`stub(object, name, value)`, both JavaScript, gives a property of it another value for the test."""
    define = run_js("""(object, name, value) => {
      object = eval(object);
      const before = Object.getOwnPropertyDescriptor(object, name);
      Object.defineProperty(object, name, { value: eval(value), configurable: true });
      return () => before ? Object.defineProperty(object, name, before) : delete object[name];
    }""")
    undo = []
    yield lambda *args: undo.append(define(*args))
    for restore in undo:
        restore()


class TestOutOfMemory:
    NO_MEMORY = "(async () => new GPUOutOfMemoryError('no memory left'))"

    def test_failed_buffer_is_not_reused(self, stub):
        stub("GPUDevice.prototype", "popErrorScope", self.NO_MEMORY)
        array = webgpu.asarray(np.ones(12_348, np.float32))  # a size that nothing else has
        with pytest.raises(webgpu.WebGPUError, match="no memory left"):
            webgpu.asarray(x).get()
        before, size = webgpu.memory(), array.nbytes
        del array
        after = webgpu.memory()
        assert (after["live"], after["pooled"]) == (before["live"] - size, before["pooled"])

    def test_failed_buffer_released_at_once(self, stub):
        before = webgpu.memory()
        stub("GPUDevice.prototype", "popErrorScope", self.NO_MEMORY)
        webgpu.asarray(np.ones(12_348, np.float32))
        with pytest.raises(webgpu.WebGPUError, match="no memory left"):
            webgpu.asarray(x).get()
        assert webgpu.memory()["pooled"] <= before["pooled"] + x.nbytes


class TestUnavailable:
    @pytest.mark.parametrize(
        ("stubs", "message"),
        [
            ([("navigator", "gpu", "undefined")], "no navigator.gpu; use Chrome"),
            ([("navigator", "gpu", "null")], "no navigator.gpu; use Chrome"),
            (
                [("navigator", "gpu", "undefined"), ("globalThis", "isSecureContext", "false")],
                "https:// or local",
            ),
            ([("navigator", "gpu", "({ requestAdapter: async () => null })")], "--enable-unsafe-webgpu"),
            (
                [("navigator", "gpu", "({ requestAdapter: async () => { throw new Error('blocked'); } })")],
                r"\(blocked\)",
            ),
        ],
        ids=["no gpu", "null", "insecure", "no adapter", "error"],
    )
    def test_error_names_what_is_missing(self, stub, stubs, message):
        for args in stubs:
            stub(*args)
        before = current()
        with pytest.raises(webgpu.WebGPUUnavailable, match=message):
            webgpu.init_sync()
        assert current() is before

    def test_adapter_options(self):
        info = webgpu.init_sync("low-power")
        assert info.limits["maxStorageBufferBindingSize"] >= 1 << 27


class TestLost:
    def test_arrays_raise_device_lost(self):
        old = webgpu.asarray(x)
        current().destroy()
        with pytest.raises(webgpu.DeviceLost, match="init"):
            old.get()
        with pytest.raises(webgpu.DeviceLost):
            old + 1
        assert not webgpu.is_available()
        with pytest.raises(DeviceUnavailable, match="init"):
            Variable(x).to_gpu()
        webgpu.init_sync()
        assert webgpu.is_available()
        with pytest.raises(webgpu.DeviceLost):
            old + 1
        np.testing.assert_array_equal((webgpu.asarray(x) + 1).get(), x + 1)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("begun", [0, 1, 2], ids=["not begun", "begun", "under way"])
    async def test_pending_reads_end(self, begun):
        waits = [asyncio.ensure_future(webgpu.asnumpy_async(webgpu.asarray(x) * k)) for k in range(3)]
        for _ in range(begun):
            await asyncio.sleep(0)
        current().destroy()
        ended = await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), 10)
        await webgpu.init()
        for k, end in enumerate(ended):
            if begun and isinstance(end, np.ndarray):  # it came in time
                np.testing.assert_array_equal(end, x * k)
            else:
                assert type(end) is webgpu.DeviceLost

    @pytest.mark.parametrize("tells", [True, False])
    def test_wait_aborted_before_the_loss_is_known(self, stub, tells):
        """As in browsers."""
        destroyed = "setTimeout(() => globalThis.lost.destroy(), 50);" if tells else ""
        stub("globalThis", "lost", "null")
        run_js("device => Object.defineProperty(globalThis, 'lost', { value: device, configurable: true })")(
            current()._bridge.device
        )
        abort = "throw new DOMException('the instance is gone', 'AbortError')"
        stub("GPUBuffer.prototype", "mapAsync", f"(async () => {{ {destroyed} {abort} }})")
        with pytest.raises(webgpu.DeviceLost, match="init"):
            webgpu.asarray(x).get()
        if tells:
            with pytest.raises(webgpu.DeviceLost):
                webgpu.asarray(x)
            webgpu.init_sync()

    def test_other_errors_of_a_wait_propagate(self, stub):
        stub("GPUBuffer.prototype", "mapAsync", "(async () => { throw new Error('out of memory') })")
        with pytest.raises(webgpu.WebGPUError, match="out of memory"):
            webgpu.asarray(x).get()

    def test_training_resumes_from_a_checkpoint(self):
        seed(0)
        model = LeNet()
        model.to_gpu()
        model(webgpu.asarray(x))
        model.to_cpu()
        checkpoint = [p.data for p in model.params()]
        model.to_gpu()
        current().destroy()
        with pytest.raises(webgpu.DeviceLost):
            float(F.softmax_cross_entropy(model(webgpu.asarray(x)), webgpu.asarray(t)))
        webgpu.init_sync()
        for param, data in zip(model.params(), checkpoint, strict=True):
            param.data = webgpu.asarray(data)
        loss = F.softmax_cross_entropy(model(webgpu.asarray(x)), webgpu.asarray(t))
        loss.backward()
        assert np.isfinite(float(loss))


class TestFaultyKernel:
    @pytest.fixture(params=["nonsense", "fn other() {}"])
    def code(self, request):
        return request.param

    def test_invalid_kernel_is_named(self, code):
        def ask():
            current().pipeline("my kernel", code, "w")
            webgpu.asarray([1.0]).get()  # the device reports it later

        with pytest.raises(webgpu.WebGPUError, match="my kernel"):
            ask()

    def test_invalid_dispatch_is_named(self):
        """An invalid dispatch is reported when its commands are submitted."""
        code = """@group(0) @binding(0) var<uniform> parameters: array<vec4i, 16>;
        @group(0) @binding(1) var<storage, read> x: array<f32>;
        @group(0) @binding(2) var<storage, read_write> y: array<f32>;
        @compute @workgroup_size(1) fn main() { y[0] = x[0] + f32(parameters[0].x); }"""
        device, buffer = current(), webgpu.asarray([1.0]).buffer

        def ask():
            device.run(device.pipeline("reads and writes", code, "rw"), (1, 1, 1), [buffer, buffer], [0])
            webgpu.asarray([1.0]).get()
            webgpu.asarray([1.0]).get()

        with pytest.raises(webgpu.WebGPUError, match="reads and writes"):
            ask()


class TestWithoutWaiting:
    @pytest.fixture(autouse=True)
    def _without_jspi(self, adapter, monkeypatch):
        import pyodide.ffi

        monkeypatch.setattr(pyodide.ffi, "can_run_sync", lambda: False)
        yield
        monkeypatch.undo()

    @pytest.mark.parametrize("read", [float, int, bool, np.asarray, webgpu.asnumpy, webgpu.ndarray.item])
    def test_reading_names_the_asynchronous_call(self, read):
        y = F.relu(webgpu.asarray([1.0])).data  # computing waits for nothing
        with pytest.raises(RuntimeError, match=r"await webgpu\.asnumpy_async"):
            read(y)

    def test_init_sync(self):
        with pytest.raises(webgpu.WebGPUUnavailable, match=r"await webgpu.init\(\)"):
            webgpu.init_sync()
