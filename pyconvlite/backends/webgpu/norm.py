"""Batch normalization on the device: three dispatches forward, three backward."""

from __future__ import annotations

import math

from .array import ndarray
from .copying import contiguous, whole
from .device import current
from .elementwise import bits
from .program import even, floats, run_file

__all__ = ["batch_norm", "batch_norm_grad"]

# As in convolution.py: a CPU adapter is fastest with few threads that compute much.
THREADS = {False: 16384, True: 256}  # least number for the statistics, by `AdapterInfo.fallback`
PIECE = 1024  # most adjacent elements that a thread reads of one channel of an image
RUN = {False: 4, True: 16}


def batch_norm(x: ndarray, gamma: ndarray, beta: ndarray, eps: float) -> tuple[ndarray, ndarray, ndarray]:
    y = x.new(x.shape, x.dtype)
    x, gamma, beta = floats(x, gamma, beta)
    x, gamma, beta = whole(x), contiguous(gamma), contiguous(beta)
    statistics = _statistics(x, x, eps, GRAD=0)
    if y.size:
        run, sizes = _runs(x)
        numbers = [bits(eps), gamma.offset, beta.offset]
        run_file("batch_norm", [x, statistics, gamma, beta], [y], run, numbers, **sizes)
    return y, statistics[0], statistics[1]


def batch_norm_grad(x: ndarray, gamma: ndarray, gy: ndarray, eps: float) -> tuple[ndarray, ndarray, ndarray]:
    gx = x.new(x.shape, x.dtype)
    x, gamma, gy = floats(x, gamma, gy)
    x, gamma, gy = whole(x), contiguous(gamma), whole(gy)
    statistics = _statistics(x, gy, eps, GRAD=1)
    if gx.size:
        run, sizes = _runs(x)
        numbers = [bits(eps), x.size // x.shape[1], gamma.offset]
        run_file("batch_norm_grad", [x, gy, statistics, gamma], [gx], run, numbers, **sizes)
    return gx, statistics[3], statistics[2]


def _statistics(x: ndarray, gy: ndarray, eps: float, GRAD: int) -> ndarray:
    """Mean and variance of each channel, and with GRAD the gradients of beta and gamma: (4, C)."""
    N, C, *size = x.shape
    S = math.prod(size)
    L = even(S, PIECE) if S else 1
    pieces = -(-S // L)
    parts = max(1, min(N * pieces, -(-THREADS[current().info.fallback] // max(C, 1))))
    partial, statistics = x.new((5, parts, C)), x.new((4, C))
    if C:
        sizes = {"C": C, "PARTS": parts, "GRAD": GRAD}
        cut = {"S": S, "L": L, "PIECES": pieces}
        run_file("batch_norm_parts", [x, gy], [partial], parts * C, [N * pieces], **cut, **sizes)
        run_file("batch_norm_join", [partial], [statistics], C, [bits(eps), N * S], **sizes)
    return statistics


def _runs(x: ndarray) -> tuple[int, dict[str, int]]:
    """Number of threads for x, and the constants of the kernels."""
    N, C, *size = x.shape
    S = math.prod(size)
    R = even(S, RUN[current().info.fallback])
    return N * C * -(-S // R), {"C": C, "S": S, "R": R}
