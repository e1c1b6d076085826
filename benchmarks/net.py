"""The small CNN of the bench: ours beside DeZero's, and where the time of a step goes.

Usage: net.py FILE, inside Pyodide, writes what peers.py compares other frameworks with.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np
from measure import RNG, peak_megabytes, random, seconds

import pyconvlite
from pyconvlite import backends

BATCH = 32


def small_cnn(framework: Any) -> Any:
    """conv16@5 - pool - conv32@5 - pool - fc10 for 28 x 28 images."""
    F, L = framework.functions, framework.layers
    pooling = framework.functions_conv.pooling

    class SmallCNN(framework.Model):  # type: ignore[misc]
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
    print(f"    peak memory of a step {peak_megabytes(step):.1f} MB")

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


# -------------------------------------------------------------------------------------------- for other peers


def write_net(path: Path) -> None:
    """Write an npz with our samples/s, the weights, a batch x and what the net makes of it, y."""
    model, x = small_cnn(pyconvlite), random(BATCH, 1, 28, 28)
    with pyconvlite.no_grad(), pyconvlite.test_mode():
        y = model(x).data
    step, forward = net_runs(pyconvlite)
    figures: dict[str, Any] = {"training": BATCH / seconds(step, 3), "forward": BATCH / seconds(forward, 3)}
    weights = {name: param.data for name, param in model.named_params()}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, x=x, y=y, **figures, **weights)


if __name__ == "__main__":
    write_net(Path(sys.argv[1]))
