"""What webgpu_peers.mjs measures of pyconvlite on WebGPU, inside Pyodide."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from kernels import SHAPES
from measure import random, seconds
from nets_models import make_model
from nets_onnx import tensorflow_model
from nets_table import Net, batch, find

import pyconvlite
from pyconvlite.backends import webgpu
from pyconvlite.functions._geometry import conv_geometry


class Run(NamedTuple):
    """Something that is measured.

    Attributes:
        name: for the table.
        kind: matmul, forward, gx or gW.
        sizes: n of (n, n) matrices; or N, C, H, OC and K.
        work: in one call, GFLOP or samples.
        seconds: measures: the median time of a call, until the device is done.
    """

    name: str
    kind: str
    sizes: list[int]
    work: float
    seconds: Callable[[], float]


def measured(name: str, kind: str, sizes: list[int], gflop: float, run: Callable[[], Any]) -> Run:
    """A Run of a kernel: to wait for the device, one element is read."""
    return Run(name, kind, sizes, gflop, lambda: seconds(lambda: run().ravel()[:1].get(), 0))


def products(sizes: list[int]) -> list[Run]:
    """Products of square matrices."""
    runs = []
    for n in sizes:
        a, b = webgpu.asarray(random(n, n)), webgpu.asarray(random(n, n))
        product = partial(webgpu.kernels.matmul, a, b)
        runs.append(measured(f"matmul {n}", "matmul", [n], 2e-9 * n**3, product))
    return runs


def convolutions() -> list[Run]:
    """Convolutions and their gradients."""
    kernels = webgpu.kernels
    runs = []
    for shape in SHAPES:
        (N, C, H, W), OC, K = shape.x, shape.OC, shape.K
        x, weights, gy = map(webgpu.asarray, (random(N, C, H, W), random(OC, C, K, K), random(N, OC, H, W)))
        geometry = conv_geometry((H, W), (K, K), (1, 1), (K // 2, K // 2))
        for kind, run in {
            "forward": partial(kernels.conv2d, x, weights, None, geometry),
            "gx": partial(kernels.conv2d_gx, gy, weights, None, geometry),
            "gW": partial(kernels.conv2d_gW, x, gy, geometry),
        }.items():
            name = f"{C} -> {OC}, {K}x{K}, {H}x{W} {kind}"
            runs.append(measured(name, kind, [N, C, H, OC, K], shape.gflop, run))
    return runs


class Step:
    """A training step of the small CNN, whose loss is read after each.

    Attributes:
        name: of the way it runs.
        loss: the first.
        dispatches: of a step.
        megabytes: that live after it.
    """

    def __init__(self, name: str, net: Net, captured: bool) -> None:
        self.name = name
        model = make_model(pyconvlite, net)
        model.to_gpu()
        optimizer = pyconvlite.optimizers.SGD(net.lr).setup(model)

        def step(x: Any, t: Any) -> Any:
            loss = pyconvlite.functions.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            return loss

        self._step = partial(webgpu.capture(step) if captured else step, *map(webgpu.asarray, batch(net)))
        self.loss = float(self._step())
        float(self._step())
        before = webgpu.memory()["dispatches"]
        float(self._step())
        memory = webgpu.memory()
        self.dispatches, self.megabytes = memory["dispatches"] - before, memory["live"] / 2**20

    def seconds(self) -> float:
        """Median time of a step."""
        return seconds(lambda: float(self._step()), 0)


class Contestants:
    """Opens the device.

    Attributes:
        adapter: what computes.
        runs, steps: are to be measured.
        operations, numbers: the net of the steps, see `tensorflow_model`.
        x: its batch in bytes of float32, of images with one channel.
        lr: its learning rate.
    """

    def __init__(self) -> None:
        info = webgpu.init_sync()
        self.adapter = f"{info.vendor} {info.architecture} {info.description}"
        (net,) = find(["small-cnn"])
        self.operations, self.numbers = tensorflow_model(net)
        self.x, self.lr = batch(net)[0].tobytes(), net.lr
        self.steps = [Step("pyconvlite", net, False), Step("captured", net, True)]
        self.runs = products([256, 512] if info.fallback else [256, 512, 1024, 2048]) + convolutions()
