"""Batch normalization on the device, three dispatches forward and three backward; and that of rows."""

from __future__ import annotations

import math

from .arithmetic import fill
from .array import ndarray
from .copying import contiguous, whole
from .device import current
from .elementwise import bits, elementwise
from .program import floats, run_file, tile_length

__all__ = ["batch_norm", "batch_norm_grad", "row_norm", "row_norm_grad", "scale_channels"]

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
    """Mean and variance of each channel, and more: (6, C), see wgsl/batch_norm_join.wgsl."""
    N, C, *size = x.shape
    S = math.prod(size)
    L = tile_length(S, PIECE) if S else 1
    pieces = max(1, -(-S // L))
    parts = max(1, min(N * pieces, -(-THREADS[current().info.fallback] // max(C, 1))))
    partial, statistics = x.new((6, parts, C)), x.new((6, C))
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
    R = tile_length(S, RUN[current().info.fallback])
    return N * C * -(-S // R), {"C": C, "S": S, "R": R}


def scale_channels(x: ndarray, mean: ndarray, scale: ndarray, shift: ndarray) -> ndarray:
    shape = 1, -1, *[1] * (len(x.shape) - 2)
    mean, scale, shift = (v.reshape(shape) for v in (mean, scale, shift))
    return elementwise("scale_channels", "(a - b) * c + d", [x, mean, scale, shift])


def row_norm(x: ndarray, gamma: ndarray, beta: ndarray, eps: float) -> ndarray:
    y = _standard_rows(x, eps).reshape(_in_parts(x, gamma))
    return (y * gamma[..., None] + beta[..., None]).reshape(x.shape)


def row_norm_grad(x: ndarray, gamma: ndarray, gy: ndarray, eps: float) -> tuple[ndarray, ndarray, ndarray]:
    # The rows are the channels of a batch of one.
    shape = _in_parts(x, gamma)
    parts, y = gy.reshape(shape), _standard_rows(x, eps).reshape(shape)
    row = 1, len(x), math.prod(x.shape[1:])
    g = (parts * gamma[..., None]).reshape(row)
    gx, _, _ = batch_norm_grad(x.reshape(row), _ones(x), g, eps)
    return gx.reshape(x.shape), (parts * y).sum(axis=(0, 3)), parts.sum(axis=(0, 3))


def _standard_rows(x: ndarray, eps: float) -> ndarray:
    """Each row of x (rows, K, S) with mean 0 and variance 1."""
    ones = _ones(x)
    return batch_norm(x.reshape((1, len(x), math.prod(x.shape[1:]))), ones, ones - 1, eps)[0]


def _in_parts(x: ndarray, gamma: ndarray) -> tuple[int, ...]:
    """The shape of x (rows, K, S) with the axes of gamma, (samples, *gamma.shape, S)."""
    rows, K, S = x.shape
    return rows * K // max(gamma.size, 1), *gamma.shape, S


def _ones(x: ndarray) -> ndarray:
    return fill(type(x), (len(x),), 1, x.dtype)
