"""Measure this tab: kernels beside NumPy and beside the most that a core can do, and a step of training.

`kernels`, `measure`, `net`, `simd` and `step` are modules of benchmarks/, which the worker writes beside this
package. A browser tells the time in steps of 0.1 or 1 ms, so what is short is timed here in rows of calls.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

from kernels import Shape, convolutions
from measure import random, timed
from net import BATCH, forward_pass, make_net, training_step
from simd import FLOP, serves
from step import watched

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import Variable, backends, no_grad
from pyconvlite.backends.simd.library import library

ROUNDS = 1_000_000  # of the ceiling's loop: some milliseconds
ROW = 0.05  # seconds, of calls timed together
STEPS = 100  # of training, for the split


def ceiling() -> float | None:
    """GFLOP/s of multiply-adds on registers; None where the SIMD kernels do not serve."""
    return 1e-9 * FLOP * ROUNDS / seconds(lambda: library.ceiling(ROUNDS), rows=3) if serves() else None


def product(size: int) -> dict[str, Any]:
    """A product of two square matrices; figures as of `kernel`."""
    a, b = Variable(random(size, size)), Variable(random(size, size))
    return kernel(lambda: F.matmul(a, b), 2e-9 * size**3)


def convolution(kind: str, N: int, C: int, H: int, W: int, OC: int, K: int) -> dict[str, Any]:
    """A convolution of N images with OC kernels (C, K, K), or one of its gradients; figures as of `kernel`.

    Args:
        kind: "forward", "gx" or "gW".
    """
    shape = Shape((N, C, H, W), OC, K, wanted=0)
    return kernel(convolutions(pyconvlite, shape)[kind], shape.gflop)


def kernel(run: Callable[[], object], gflop: float) -> dict[str, Any]:
    """GFLOP/s of `run` on `numpy` and on `simd`, and the `ceiling` as it was at that time.

    `simd` and `ceiling` are None where the SIMD kernels do not serve.
    """
    top = ceiling()
    with no_grad():
        speed = gflop / seconds(run) if serves() else None
        with backends.use("numpy"):
            numpy = gflop / seconds(run)
    return {"simd": speed, "ceiling": top, "numpy": numpy}


def training() -> dict[str, Any]:
    """Images a second in training of the small CNN, batch 32; figures as of `net`."""
    return net(training_step(pyconvlite, make_net()))


def forward() -> dict[str, Any]:
    """Images a second that the small CNN reads, batch 32; figures as of `net`."""
    return net(forward_pass(pyconvlite, make_net()))


def net(run: Callable[[], object]) -> dict[str, Any]:
    """Images a second on `numpy` and on `simd`, None where it does not serve."""
    speed = BATCH / seconds(run, rows=31) if serves() else None
    with backends.use("numpy"):
        numpy = BATCH / seconds(run, rows=11)
    return {"simd": speed, "numpy": numpy}


def split() -> dict[str, Any]:
    """Milliseconds of a training step: `whole`, in each of the `kernels`, in `functions` around them.

    Means, since the steps of a browser's clock are longer than many a kernel takes.
    """
    step = training_step(pyconvlite, make_net())
    step()
    with watched() as taken:
        whole = timed(step, STEPS)
    ms = {key: 1e3 * seconds / STEPS for key, seconds in taken.items()}
    return {
        "whole": 1e3 * whole / STEPS,
        "kernels": {name: t for (kind, name), t in ms.items() if kind == "kernel"},
        "functions": sum(t for (kind, _), t in ms.items() if kind == "function"),
    }


def seconds(run: Callable[[], object], rows: int = 9) -> float:
    """Median time of one call, over rows of as many calls as take long enough to be timed."""
    calls = 1
    while timed(run, calls) < ROW:
        calls *= 2
    return median([timed(run, calls) for _ in range(rows)]) / calls
