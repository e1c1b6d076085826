"""Where the time and the memory of a training step go."""

import contextlib
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import simd
from measure import random, timed
from net import ACTIVATIONS, BATCH, make_net, training_step

import pyconvlite
from pyconvlite import backends
from pyconvlite.autograd import Function
from pyconvlite.backends.protocol import KERNELS

# ------------------------------------------------------------------------------------------------------- time


@dataclass
class Times:
    """Seconds of a step.

    Attributes:
        whole: the step, watched.
        kernels: inside each kernel.
        functions: inside `forward` of each Function, less its kernels.
    """

    whole: float
    kernels: dict[str, float]
    functions: dict[str, float]

    def shares(self) -> str:
        """The time of the step and what has which part of it."""
        kernels, functions = (sum(times.values()) / self.whole for times in (self.kernels, self.functions))
        return (
            f"{self.whole * 1e3:.2f} ms: kernels {kernels:.0%}, NumPy in Functions {functions:.0%}, "
            f"autograd, optimizer and the rest {1 - kernels - functions:.0%}"
        )


def step_times(step: Callable[[], object], at_least: float = 3) -> Times:
    """Medians over as many steps as fit into `at_least` seconds."""
    wholes: list[float] = []
    sums: list[Counter[tuple[str, str]]] = []
    with watched() as taken:
        step()
        while len(wholes) < 3 or sum(wholes) < at_least:
            taken.clear()
            wholes.append(timed(step))
            sums.append(taken.copy())
    kernels, functions = (
        {name: median([taken[kind, name] for taken in sums]) for k, name in sums[0] if k == kind}
        for kind in ("kernel", "function")
    )
    return Times(median(wholes), kernels, functions)


def functions(base: type[Function] = Function) -> Iterator[type[Function]]:
    """All Functions, those that are not exported included."""
    for f in base.__subclasses__():
        yield f
        yield from functions(f)


@contextlib.contextmanager
def watched() -> Iterator[Counter[tuple[str, str]]]:
    """Add up the time spent in each kernel and in `forward` of each Function, less what runs inside it."""
    taken: Counter[tuple[str, str]] = Counter()
    inner: list[float] = []  # for each call under way, what the calls inside it took

    def watch(key: tuple[str, str], f: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*args: Any, **kwargs: Any) -> Any:
            inner.append(0)
            start = time.perf_counter()
            try:
                return f(*args, **kwargs)
            finally:
                whole = time.perf_counter() - start
                taken[key] += whole - inner.pop()  # type: ignore[assignment]
                if inner:
                    inner[-1] += whole

        return watching

    module = backends.kernels(0)
    places: list[tuple[str, str, Any, str]] = [("kernel", name, module, name) for name in KERNELS]
    places += [("function", f.__name__, f, "forward") for f in functions() if "forward" in vars(f)]
    saved = [(owner, attribute, vars(owner)[attribute]) for _, _, owner, attribute in places]
    try:
        for (kind, name, owner, attribute), (_, _, f) in zip(places, saved, strict=True):
            setattr(owner, attribute, watch((kind, name), f))
        yield taken
    finally:
        for owner, attribute, f in saved:
            setattr(owner, attribute, f)


# ----------------------------------------------------------------------------------------------------- memory


@dataclass
class Memory:
    """Bytes of a training step.

    Attributes:
        peak: the most that Python and NumPy hold at a time, with the batch, the model and its gradients.
        workspace: what the SIMD kernels hold for themselves.
        needed: the batch, the outputs of all layers as the net is written, and the Parameters.
    """

    peak: int
    workspace: int
    needed: int

    @property
    def ratio(self) -> float:
        """All that is held to what is needed."""
        return (self.peak + self.workspace) / self.needed


def step_memory() -> Memory:
    """The memory of a training step of ours, on the kernels that serve here."""
    parameters = [array.nbytes for name, array in make_net().items() if "/" in name]
    tracemalloc.start()
    try:
        step = training_step(pyconvlite, make_net())
        step()
        tracemalloc.reset_peak()
        step()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return Memory(peak, simd.workspace() if simd.serves() else 0, 4 * BATCH * ACTIVATIONS + sum(parameters))


def activations_kept(batch_norm: bool) -> float:
    """How many activations the graph of ten convolutions with ReLU, or batch norm and ReLU, holds."""
    L = pyconvlite.layers
    per_layer = [
        [L.Conv2d(16, 3, pad=1), *([L.BatchNorm()] if batch_norm else []), L.ReLU()] for _ in range(10)
    ]
    model = pyconvlite.models.Sequential(*[layer for several in per_layer for layer in several])
    x = pyconvlite.Variable(random(BATCH, 16, 28, 28))
    model(x)  # now it has weights
    tracemalloc.start()
    try:
        y = model(x)
        return tracemalloc.get_traced_memory()[0] / int(y.data.nbytes)
    finally:
        tracemalloc.stop()
