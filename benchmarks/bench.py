"""What `./build.sh bench` runs, on CPython and inside Pyodide: ours beside DeZero, which has the same API.

Each figure is the median of repeated runs; the machine's noise stays in, so compare figures of one run only.
"""

import contextlib
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np
from peers import load_dezero

import pyconvlite
from pyconvlite import backends

# (N, C, H, W) -> OC, K; padded so that the output is as large as the input
CONV_SHAPES = [
    ((32, 1, 28, 28), 16, 5),
    ((32, 16, 14, 14), 32, 5),
    ((16, 16, 28, 28), 32, 3),
    ((8, 64, 14, 14), 64, 3),
]
BATCH = 32
RNG = np.random.default_rng(0)


def random(*shape: int) -> Any:
    """Normal random numbers in float32."""
    return RNG.standard_normal(shape, dtype=np.float32)


def seconds(run: Callable[[], object], at_least: float = 0.5) -> float:
    """Median time of one call of `run`, from as many as fit into `at_least` seconds, three or more."""
    run()
    times: list[float] = []
    while len(times) < 3 or sum(times) < at_least:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


# ---------------------------------------------------------------------------------------------------- kernels


def kernel_times(framework: Any, shape: tuple[int, ...], OC: int, K: int) -> dict[str, float]:
    """Seconds that convolution, deconvolution, pooling and their gradients take, by name."""
    conv, pool = framework.functions_conv, framework.functions_conv
    variable = framework.Variable
    C, pad = shape[1], K // 2
    x, W, turned = variable(random(*shape)), variable(random(OC, C, K, K)), variable(random(C, OC, K, K))
    y = conv.conv2d(x, W, None, 1, pad)
    gy = variable(random(*y.shape))
    maximum, average = pool.pooling(x, 2, 2), pool.average_pooling(x, 2, 2)
    gp = variable(random(*maximum.shape))
    runs = {
        "forward": lambda: conv.conv2d(x, W, None, 1, pad),
        "gx": lambda: conv.deconv2d(gy, W, None, 1, pad),
        "gW": lambda: conv.Conv2DGradW(y.creator)(x, gy),
        "deconv": lambda: conv.deconv2d(x, turned, None, 1, pad),
        "max": lambda: pool.pooling(x, 2, 2),
        "max gx": lambda: maximum.creator.backward(gp),
        "average": lambda: pool.average_pooling(x, 2, 2),
        "avg gx": lambda: average.creator.backward(gp),
    }
    with framework.no_grad():
        return {name: seconds(run) for name, run in runs.items()}


def bench_kernels(dezero: Any) -> None:
    """For each shape: convolutions in GFLOP/s, poolings in ms, and how many times DeZero's speed that is."""
    for shape, OC, K in CONV_SHAPES:
        gflop = 2e-9 * shape[0] * OC * shape[1] * K * K * shape[2] * shape[3]
        ours = kernel_times(pyconvlite, shape, OC, K)
        theirs = kernel_times(dezero, shape, OC, K) if dezero else {}
        print(f"{shape} -> {OC}, {K}")
        for name, t in ours.items():
            figure = (
                f"{gflop / t:8.2f} GFLOP/s"
                if name in ("forward", "gx", "gW", "deconv")
                else f"{t * 1e3:8.3f} ms     "
            )
            ratio = f"   {theirs[name] / t:5.1f} x DeZero" if theirs else ""
            print(f"    {name:8}{figure}{ratio}", flush=True)


# ------------------------------------------------------------------------------------------------ a small net


def small_cnn(framework: Any) -> Any:
    """conv16@5 - pool - conv32@5 - pool - fc10 for 28 x 28 images."""
    F, L = framework.functions, framework.layers
    pooling = framework.functions_conv.pooling

    class SmallCNN(framework.Model):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = L.Conv2d(16, 5, pad=2)
            self.conv2 = L.Conv2d(32, 5, pad=2)
            self.fc = L.Linear(10)

        def forward(self, x: Any) -> Any:
            x = pooling(F.relu(self.conv1(x)), 2, 2)
            x = pooling(F.relu(self.conv2(x)), 2, 2)
            return self.fc(F.reshape(x, (x.shape[0], 32 * 7 * 7)))

    return SmallCNN()


def net_runs(framework: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    """A training step and a forward pass of the small net on one batch."""
    x, t = random(BATCH, 1, 28, 28), RNG.integers(0, 10, BATCH)
    model = small_cnn(framework)
    optimizer = framework.optimizers.SGD(0.01).setup(model)

    def step() -> None:
        loss = framework.functions.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()

    def forward() -> None:
        with framework.no_grad(), framework.test_mode():
            model(x)

    return step, forward


def bench_net(dezero: Any) -> None:
    """Training and inference in samples/s, the memory of a step, and where its time goes."""
    ours = net_runs(pyconvlite)
    theirs = net_runs(dezero) if dezero else ()
    print(f"\nsmall CNN, batch {BATCH}")
    for i, name in enumerate(("training", "forward")):
        t = seconds(ours[i], 3)
        ratio = f"   {seconds(theirs[i], 3) / t:5.1f} x DeZero" if theirs else ""
        print(f"    {name:10}{BATCH / t:7.0f} samples/s{ratio}", flush=True)

    step = ours[0]
    tracemalloc.start()
    step()
    print(f"    peak memory of a step {tracemalloc.get_traced_memory()[1] / 2**20:.1f} MB")
    tracemalloc.stop()

    whole, forwards, kernels = split(step)
    split_text = f"kernels {kernels / whole:.0%}, other NumPy {(forwards - kernels) / whole:.0%}"
    print(f"    a step's time: {split_text}, autograd, optimizer and the rest {1 - forwards / whole:.0%}")


def split(step: Callable[[], None]) -> tuple[float, float, float]:
    """Seconds of a step: in all, inside `forward` of Functions, and there inside kernels."""
    with timed(function_classes(), {"forward"}) as forwards, timed([backends.numpy], None) as kernels:
        whole = seconds(lambda: (forwards.append(0), kernels.append(0), step()), 2)  # type: ignore[func-returns-value]
    # The lists hold one sum a run, the first of it the warm-up's.
    return whole, median(forwards[1:]), median(kernels[1:])


def function_classes() -> list[type]:
    """Every Function of the package."""
    functions = vars(pyconvlite.functions).values()
    return [f for f in functions if isinstance(f, type) and issubclass(f, pyconvlite.Function)]


@contextlib.contextmanager
def timed(owners: list[Any], names: set[str] | None) -> Iterator[list[float]]:
    """Add the time spent in the owners' functions, the public ones without names, to the last entry."""
    sums: list[float] = []
    depth = 0

    def wrap(f: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal depth
            depth += 1
            start = time.perf_counter()
            try:
                return f(*args, **kwargs)
            finally:
                depth -= 1
                if depth == 0:  # what one calls of the other is counted once
                    sums[-1] += time.perf_counter() - start

        return wrapped

    saved = []
    for owner in owners:
        for name, f in list(vars(owner).items()):
            own = not isinstance(owner, ModuleType) or getattr(f, "__module__", None) == owner.__name__
            if callable(f) and own and (name in names if names else not name.startswith("_")):
                saved.append((owner, name, f))
                setattr(owner, name, wrap(f))
    try:
        yield sums
    finally:
        for owner, name, f in saved:
            setattr(owner, name, f)


# --------------------------------------------------------------------------------------------------- autograd


def bench_autograd() -> None:
    """What autograd itself costs an operation: an addition, less NumPy's own work."""
    a = pyconvlite.Variable(np.ones(1, np.float32))
    b = pyconvlite.Variable(np.ones(1, np.float32))
    plain = seconds(lambda: [a.data + b.data for _ in range(1000)])
    taped = seconds(lambda: [a + b for _ in range(1000)])
    y = a
    for _ in range(1000):
        y = y + b
    back = seconds(y.backward)
    forward = (taped - plain) * 1e3  # us, of 1000 operations
    print(f"\nautograd's cost per operation: {forward:.1f} us forward, {back * 1e3:.1f} us backward")


if __name__ == "__main__":
    print(f"Python {platform.python_version()} on {sys.platform}, NumPy {np.__version__}\n")
    peer = load_dezero()
    bench_kernels(peer)
    bench_net(peer)
    bench_autograd()
