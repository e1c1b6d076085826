"""Dawn compiles every kernel's WGSL without an error or a warning, whatever the adapter.

Dawn's null backend computes nothing, and has all features of WGSL, float16 too.
"""

import dataclasses
import functools
import importlib.resources
import itertools
from pathlib import Path

import numpy as np
import pytest
from pyodide.code import run_js
from pyodide.ffi import run_sync

import pyconvlite.functions as F
from pyconvlite import Variable, _platform, grad
from pyconvlite.backends import webgpu
from pyconvlite.backends.webgpu import device
from pyconvlite.models import LeNet
from pyconvlite.optimizers import Adam, AdamW, ClipGrad, MomentumSGD

MESSAGES = """async (device, name, code) => {
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  return messages.map(({ type, lineNum, message }) => `${name}:${lineNum}: ${type}: ${message}`).join();
}"""


@functools.cache  # kept: Dawn may abort the process where it is collected while its devices live
def null_backend():
    return run_sync(run_js("import('webgpu').then(({ create }) => create(['backend=null']))"))


def open_device():
    return _platform.load_script("open", Path(webgpu.__file__).with_name("bridge.js"))


@pytest.fixture(params=itertools.product([False, True], ["float32", "float16"]), ids=str)
def compiled(request, monkeypatch):
    """The names and texts of compiled kernels; the device claims to be a GPU or a CPU."""
    if not run_js("globalThis.process?.versions?.node"):
        pytest.skip("Dawn's null backend is reached under Node only")
    fallback, dtype = request.param
    opened = device.Device(run_sync(open_device()(null_backend())), np.dtype(dtype))
    opened.info = dataclasses.replace(opened.info, fallback=fallback)
    monkeypatch.setattr(device, "_current", opened)
    texts = set()
    pipeline = opened.pipeline

    def recorded(name, code, access):
        texts.add((name, opened._enabled + code))
        return pipeline(name, code, access)

    monkeypatch.setattr(opened, "pipeline", recorded)
    yield texts
    opened.destroy()


def arrays(*shapes):
    return [Variable(webgpu.zeros(shape)) for shape in shapes]


def run(f, *shapes, **options):
    """An operation, its gradients, and theirs."""
    xs = arrays(*shapes)
    y = f(*xs, **options)
    first = grad((y * y * y).sum(), xs, create_graph=True)
    grad(sum((g * g).sum() for g in first), xs)


def run_convolutions():
    for N, C, OC, size, kernel, options in [
        (2, 3, 5, 9, (3, 2), {"stride": (2, 1), "pad": (1, 0), "dilation": (1, 2)}),
        (2, 4, 6, 9, (5, 5), {"pad": 2, "groups": 2}),
        (2, 64, 128, 24, (3, 3), {"pad": 1}),  # by tiles, on a GPU
        (2, 40, 70, 9, (1, 1), {}),
    ]:
        groups = options.get("groups", 1)
        x, W, b = (N, C, size, size), (OC, C // groups, *kernel), (OC,)
        run(F.conv2d, x, W, b, **options)
        run(F.conv2d, x, W, **options)
        run(F.conv2d_relu, x, W, b, **options)
        run(F.deconv2d, F.conv2d(*arrays(x, W), **options).shape, W, (C,), **options)


def run_pooling():
    x = (2, 3, 9, 8)
    for f in (F.pooling, F.average_pooling, F.im2col):
        run(f, x, kernel_size=3, stride=2, pad=1)
    run(F.global_max_pooling, x)


def run_layers():
    x, C = (6, 5, 7, 7), (5,)
    run(F.batch_norm, x, C, C, mean=webgpu.zeros(C), var=webgpu.ones(C))
    run(F.dropout, x)
    run(F.softmax_cross_entropy, (6, 5), t=np.arange(6, dtype=np.int32) % 5)
    run(F.mean_squared_error, (6, 5), (6, 5))
    run(F.linear, (6, 300), (300, 5), (5,))
    run(F.matmul, (2, 1100, 33), (33, 1100))


def run_pointwise():
    x, y = (3, 4, 5), (4, 1)
    for f in (F.relu, F.leaky_relu, F.sigmoid, F.softmax, F.log_softmax, F.gelu, F.tanh, F.exp, F.sin, F.cos):
        run(f, x)
    for f in (F.add, F.sub, F.mul, F.div, F.pow):
        run(f, x, y)
    run(F.clip, x, x_min=-1, x_max=1)
    run(lambda x: x.transpose(2, 0, 1) * 2, x)


def run_reductions():
    for axis in (None, 0, (0, 2)):
        for f in (F.sum, F.max, F.min, F.mean):
            run(f, (3, 400, 5), axis=axis)
    (x,) = arrays((3, 400, 5))
    x.data.argmax(1)
    (x.data > 0).astype(np.int32).sum(0)


def run_indexing():
    x, places = (3, 4), np.array([0, 2, 2])
    for slices in (places, (places, np.array([1, 0, 3])), np.s_[::2, 1:]):
        run(F.get_item, x, slices=slices)
    run(lambda x, y: F.concat([x, y], 1), x, (3, 2))
    run(F.pad, x, pad_width=1)
    F.embed_id(webgpu.asarray([2, 0]), *arrays(x))


def run_optimizers():
    for make in (Adam, AdamW, MomentumSGD):
        net = LeNet()
        net.to_gpu()
        optimizer = make().setup(net)
        optimizer.add_hook(ClipGrad(1.0))
        F.softmax_cross_entropy(net(webgpu.zeros((2, 1, 28, 28))), np.array([0, 1])).backward()
        optimizer.update()


def test_every_kernel_compiles(compiled):
    run_convolutions()
    run_pooling()
    run_layers()
    run_pointwise()
    run_reductions()
    run_indexing()
    run_optimizers()
    files = importlib.resources.files("pyconvlite.backends.webgpu").joinpath("wgsl").iterdir()
    kernels = {file.name.removesuffix(".wgsl") for file in files}
    names = {name for name, _ in compiled}
    if device.current().info.fallback:
        kernels.remove("product_tiled")  # a CPU does not multiply by tiles
    assert kernels <= names
    messages = run_js(MESSAGES)
    bridge = device.current()._bridge
    told = [run_sync(messages(bridge.device, name, code)) for name, code in sorted(compiled)]
    assert not any(told), "\n".join(filter(None, told))
    webgpu.zeros(1)  # raises the error of a pipeline


@pytest.mark.parametrize("compiled", [(False, "float32")], indirect=True)
def test_warning_is_reported(compiled):
    code = "@compute @workgroup_size(1) fn main() { return; let unreachable = 1; }"
    told = run_sync(run_js(MESSAGES)(device.current()._bridge.device, "odd", code))
    assert told.startswith("odd:1: warning: code is unreachable")
