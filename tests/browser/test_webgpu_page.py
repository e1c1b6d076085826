"""Training on WebGPU in the page; without a GPU the browser computes it on the CPU."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from hosting import Preview
from playgrounds import Playground
from playwright.sync_api import Browser, expect
from visits import Visit, put_ahead

WITHOUT_JSPI = "delete WebAssembly.Suspending; delete WebAssembly.promising;\n"

# Keeps a reference to the page's device, so that the test can destroy it.
KEEP_DEVICE = """{
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    return (globalThis.device = await requestDevice.apply(this, args));
  };
}
"""

# Counts the bytes of all buffers on the GPU that have not been destroyed.
COUNT_BUFFERS = """{
  globalThis.onGpu = 0;
  const { createBuffer } = GPUDevice.prototype;
  const { destroy } = GPUBuffer.prototype;
  GPUDevice.prototype.createBuffer = function (options) {
    globalThis.onGpu += options.size;
    return createBuffer.call(this, options);
  };
  GPUBuffer.prototype.destroy = function () {
    globalThis.onGpu -= this.size;
    destroy.call(this);
  };
}
"""


@pytest.fixture
def page(gpu_browser: Browser, server: Preview, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """The page, ready to train on WebGPU; the parameter is a script that runs before the worker's own."""
    with gpu_browser.new_context(service_workers="block") as context:
        put_ahead(context, "networks", getattr(request, "param", ""))
        visit = Visit(context.new_page())
        visit.page.goto(server.url)
        visit.wait_for("#go", "Train")
        visit.page.wait_for_selector("#webgpu:enabled", state="attached")
        visit.choose(model="MLP", kernels="webgpu", batchSize=100, learningRate=0.01)
        yield visit
        visit.check()


@pytest.mark.parametrize(
    ("images", "epochs", "accuracy", "others"),
    [
        (10_000, 1, 88, ["auto"]),
        # It reaches 97.3 % and more.
        pytest.param(60_000, 2, 97, ["auto", "numpy", "webgpu"], marks=pytest.mark.full),
    ],
)
def test_train_on_the_gpu_and_continue_with_other_kernels(
    page: Visit, images: int, epochs: int, accuracy: float, others: list[str]
) -> None:
    page.choose(images=images, epochs=epochs, batchSize=200)
    program = page.page.text_content("#run-py") or ""
    assert "await webgpu.init()\nmodel = build(MLP)  # random weights\nmodel.to_gpu()\n" in program
    page.page.click("#go")
    page.wait_for("#kernels", "Computing with WebGPU (")
    page.wait_for("#notice", "Test accuracy", seconds=300)
    assert float(page.text("#test-accuracy").rstrip("%")) >= accuracy
    total = images * epochs
    assert page.text("#model-hint") == f"MLP, trained on {total:,} images."
    assert page.page.is_hidden("#gpu-hint")

    lines = {"auto": "WebAssembly SIMD", "numpy": "NumPy", "webgpu": "WebGPU"}
    for kernels in others:
        page.choose(kernels=kernels, fresh="", learningRate=0.001, images=10_000, epochs=1)
        page.page.click("#go")
        page.wait_for("#kernels", f"Computing with {lines[kernels]}")
        page.wait_for("#notice", "Test accuracy", seconds=120)
        # It continued from the same weights.
        assert float(page.text("#test-accuracy").rstrip("%")) >= accuracy - 0.5
        total += 10_000
        assert page.text("#model-hint") == f"MLP, trained on {total:,} images."


@pytest.mark.full
def test_advice_on_kernels_depends_on_the_model(page: Visit) -> None:
    advice = re.compile(r"(SIMD|WebGPU) (is [\d.]+x faster than|and) (SIMD|WebGPU) (here|are equally fast)")
    line = page.page.locator("#advice")
    expect(line).to_have_text(advice, timeout=60_000)
    page.page.click("#language")
    expect(line).to_have_text(
        re.compile("^ここではこのモデルの学習は、(SIMD|WebGPU) .* (SIMD|WebGPU) .*です。$")
    )
    page.page.click("#language")

    page.choose(batchSize=32)
    expect(line).to_be_hidden()  # until this model's trial has ended
    page.choose(images=10_000)
    page.page.click("#go")  # it waits for the trial
    page.until_seen(1_000)
    page.page.click("#stop")
    page.wait_for("#notice", "Training has stopped.")
    expect(line).to_have_text(advice, timeout=60_000)


@pytest.mark.full
def test_pause_inspect_and_stop(page: Visit, tmp_path: Path) -> None:
    page.choose(batchSize=96)  # the last batch of an epoch is smaller
    page.page.click("#go")
    page.until_seen(2_000)
    page.page.click("#go")
    page.wait_for("#notice", "paused")
    paused_at = page.seen()
    with np.load(page.weights(tmp_path)) as weights:
        assert all(np.isfinite(weights[name]).all() for name in weights)
    page.page.fill("#test-index", "3")
    page.page.click("#test-form button[type=submit]")
    page.wait_for("#seen-caption", "a test image: a 0.")
    page.stand_still()
    assert page.seen() == paused_at

    page.page.click("#go")
    page.until_seen(paused_at + 1_000)
    page.page.click("#stop")
    page.wait_for("#notice", "Training has stopped.")
    assert page.text("#model-hint") == f"MLP, trained on {page.seen():,} images."


@pytest.mark.full
@pytest.mark.parametrize("page", [WITHOUT_JSPI], indirect=True)
def test_without_jspi(page: Visit) -> None:
    assert not page.page.workers[0].evaluate("'Suspending' in WebAssembly")
    page.choose(images=10_000)
    page.page.click("#go")
    page.wait_for("#notice", "Test accuracy", seconds=120)
    assert float(page.text("#test-accuracy").rstrip("%")) > 85


@pytest.mark.full
@pytest.mark.parametrize("page", [COUNT_BUFFERS], indirect=True)
def test_training_buffers_are_freed(page: Visit) -> None:
    worker = page.page.workers[0]
    page.choose(images=10_000)
    page.page.click("#go")
    page.until_seen(1_000)
    under_way = worker.evaluate("onGpu")
    page.wait_for("#notice", "Test accuracy", seconds=120)
    # The weights and the optimizer's two moments stay. The kernels may be compared once more.
    end = monotonic() + 60
    while worker.evaluate("onGpu") > under_way / 2:
        assert monotonic() < end, worker.evaluate("onGpu")
        page.page.wait_for_timeout(100)


READ = """
import numpy as np
from pyodide.ffi import can_run_sync
import pyconvlite.functions as F
from pyconvlite import Variable
from pyconvlite.backends import webgpu

try:
    webgpu.init_sync()
except webgpu.WebGPUUnavailable as error:
    print(error)
await webgpu.init()
x = Variable(webgpu.asarray(np.arange(4, dtype=np.float32)))
loss = F.sum(x * x)
loss.backward()
for read in (float, np.asarray, webgpu.asnumpy):
    try:
        print("never", read(loss.data))
    except RuntimeError as error:
        print(error)
print(can_run_sync(), await webgpu.asnumpy_async(loss.data), await webgpu.asnumpy_async(x.grad.data))
"""


@pytest.mark.full
def test_program_without_jspi_gets_a_hint(gpu_browser: Browser, server: Preview) -> None:
    with gpu_browser.new_context(service_workers="block") as context:
        put_ahead(context, "runner", WITHOUT_JSPI)
        play = Playground(context.new_page())
        play.page.goto(f"{server.url}play.html")
        first, *reads, last = play.run(READ).splitlines()
        assert "await webgpu.init()" in first
        assert len(reads) == 3
        assert all("await webgpu.asnumpy_async(x)" in line for line in reads)
        assert last == "False 14.0 [0. 2. 4. 6.]"
        play.check()


@pytest.mark.parametrize("page", [KEEP_DEVICE], indirect=True)
@pytest.mark.full
def test_lost_gpu_restores_the_checkpoint(page: Visit) -> None:
    page.page.click("#go")
    page.until_seen(1_000)
    page.page.click("#go")
    page.wait_for("#notice", "paused")  # and a checkpoint is made
    checkpoint = page.seen()
    page.page.click("#go")
    page.until_seen(checkpoint + 100)
    page.page.workers[0].evaluate("device.destroy()")
    page.page.locator("#fault-title").filter(has_text="device lost").wait_for()
    page.page.click("#language")
    assert page.text("#fault-title").startswith("GPU が使えなくなりました(")
    page.page.click("#language")
    page.wait_for("#go", "Train")
    left = page.seen()
    assert left >= checkpoint
    assert page.text("#model-hint") == f"MLP, trained on {left:,} images."
    page.wait_for("#notice", "The model is back at the last checkpoint.")

    page.choose(images=10_000, kernels="auto", fresh="")
    page.page.click("#go")
    page.wait_for("#notice", "Test accuracy")
    assert page.text("#model-hint") == f"MLP, trained on {left + 10_000:,} images."

    page.choose(kernels="webgpu")
    page.page.click("#go")  # a new device is opened
    page.wait_for("#notice", "Test accuracy", seconds=120)
    assert page.page.is_hidden("#fault")
