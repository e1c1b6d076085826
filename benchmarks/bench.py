"""What `./build.sh bench` runs, on CPython and inside Pyodide: kernels, a small net, autograd's own cost.

Each figure is the median of repeated runs; the machine's noise stays in, so compare figures of one run only.
"""

import platform
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable, no_grad, seed, test_mode
from pyconvlite.models import Model
from pyconvlite.optimizers import SGD
from pyconvlite.utils import Array, rng

# (N, C, H, W) -> OC, K; padded so that the output is as large as the input
CONV_SHAPES = [
    ((32, 1, 28, 28), 16, 5),
    ((32, 16, 14, 14), 32, 5),
    ((16, 16, 28, 28), 32, 3),
    ((8, 64, 14, 14), 64, 3),
]
BATCH = 32


class SmallCNN(Model):
    """The net that design notes and peers are compared on: conv16@5 - pool - conv32@5 - pool - fc10."""

    def __init__(self) -> None:
        self.conv1 = L.Conv2d(16, 5, pad=2, in_channels=1)
        self.conv2 = L.Conv2d(32, 5, pad=2, in_channels=16)
        self.fc = L.Linear(10, in_size=32 * 7 * 7)

    def forward(self, x: Any) -> Variable:
        """Scores (N, 10) of images x (N, 1, 28, 28)."""
        x = F.pooling(F.relu(self.conv1(x)), 2, 2)
        x = F.pooling(F.relu(self.conv2(x)), 2, 2)
        return self.fc(F.flatten(x))


def random(shape: tuple[int, ...]) -> Array:
    """Normal random numbers in float32."""
    return rng().standard_normal(shape, dtype=np.float32)


def seconds(run: Callable[[], object], at_least: float = 0.6) -> float:
    """Median time of one call of `run`, from as many as fit into `at_least` seconds, five or more."""
    run()
    times: list[float] = []
    while len(times) < 5 or sum(times) < at_least:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


def conv_rates(x: Variable, OC: int, K: int) -> list[float]:
    """GFLOP/s of forward, gx and gW of a convolution, and of the deconvolution of the same size."""
    C = x.shape[1]
    W = Variable(random((OC, C, K, K)))
    turned = Variable(random((C, OC, K, K)))
    y = F.conv2d(x, W, pad=K // 2)
    gy = Variable(random(y.shape))
    gflop = 2e-9 * y.size * C * K * K
    runs = (
        lambda: F.conv2d(x, W, pad=K // 2),
        lambda: F.deconv2d(gy, W, pad=K // 2),
        lambda: F.Conv2DGradW(y.creator)(x, gy),
        lambda: F.deconv2d(x, turned, pad=K // 2),
    )
    with no_grad():
        return [gflop / seconds(run) for run in runs]


def pooling_times(x: Variable, pool: Callable[..., Variable]) -> list[float]:
    """Milliseconds of forward and backward of a 2x2 pooling."""
    y = pool(x, 2, 2)
    gy = Variable(random(y.shape))
    with no_grad():
        return [1e3 * seconds(run) for run in (lambda: pool(x, 2, 2), lambda: y.creator.backward(gy))]


def bench_kernels() -> None:
    """A line of kernels for each shape."""
    columns = [*("forward", "gx", "gW", "deconv"), *("max", "max gx", "average", "avg gx")]
    print(f"{'':26}{'GFLOP/s':>36}{'ms, 2x2 pooling':>36}")
    print(f"{'(N, C, H, W) -> OC, K':26}" + "".join(f"{name:>9}" for name in columns))
    for shape, OC, K in CONV_SHAPES:
        x = Variable(random(shape))
        figures = conv_rates(x, OC, K) + pooling_times(x, F.pooling) + pooling_times(x, F.average_pooling)
        print(f"{f'{shape} -> {OC}, {K}':26}" + "".join(f"{figure:9.2f}" for figure in figures), flush=True)


def bench_net() -> None:
    """One training step, and one forward pass, of the small CNN."""
    x = random((BATCH, 1, 28, 28))
    t = rng().integers(0, 10, BATCH)
    model = SmallCNN()
    optimizer = SGD(0.01).setup(model)

    def step() -> None:
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()

    def forward() -> None:
        with no_grad(), test_mode():
            model(x)

    print(f"\nsmall CNN, batch {BATCH}: {BATCH / seconds(step, 3):.0f} training samples/s, ", end="")
    print(f"{BATCH / seconds(forward, 3):.0f} forward samples/s")


def bench_autograd() -> None:
    """What autograd itself costs: an addition of single numbers, with the graph and without."""
    a = Variable(np.ones(1, np.float32))
    b = Variable(np.ones(1, np.float32))
    plain = seconds(lambda: [a.data + b.data for _ in range(1000)])
    taped = seconds(lambda: [a + b for _ in range(1000)])
    y = a
    for _ in range(1000):
        y = y + b
    back = seconds(lambda: y.backward())
    print(f"autograd's own cost per op: {(taped - plain) * 1e3:.2f} us forward, {back * 1e3:.2f} us backward")


if __name__ == "__main__":
    print(f"Python {platform.python_version()} on {sys.platform}, NumPy {np.__version__}\n")
    seed(0)
    bench_kernels()
    bench_net()
    bench_autograd()
