"""Batch normalization, and that of rows: layer, group and instance normalization."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, c_float, contiguous, with_fallback

MOST_ROWS = 1 << 10  # rows in one sum of the gradients of gamma and beta; longer sums are less accurate


def _channels(x: Array) -> tuple[int, int, int]:
    """The size arguments for x (N, C, ...): N, C and the product of the remaining lengths."""
    N, C, *rest = x.shape  # one channel is one row, also where nothing remains
    return (1, 1, x.size) if C == 1 else (N, C, math.prod(rest))


@with_fallback(reference.batch_norm)
def batch_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array] | None:
    if not all_float32(x, gamma, beta) or not gamma.shape == beta.shape == x.shape[1:2]:
        return None
    y, mean, var = (np.empty(shape, np.float32) for shape in (x.shape, gamma.shape, gamma.shape))
    x, gamma, beta = contiguous(x), contiguous(gamma), contiguous(beta)
    library.batch_norm(
        address(y),
        address(mean),
        address(var),
        address(x),
        address(gamma),
        address(beta),
        c_float(eps),
        *_channels(x),
    )
    return y, mean, var


def _gradients(
    name: str, gx: Array, x: Array, gamma: Array, gy: Array, eps: float, sizes: tuple[int, ...]
) -> tuple[Array, Array]:
    """Gradients with respect to gamma and beta; that with respect to x is written to gx."""
    ggamma, gbeta = (np.empty(gamma.shape, np.float32) for _ in range(2))
    x, gamma, gy = contiguous(x), contiguous(gamma), contiguous(gy)
    results = address(gx), address(ggamma), address(gbeta)
    getattr(library, name)(*results, address(x), address(gamma), address(gy), c_float(eps), *sizes)
    return ggamma, gbeta


@with_fallback(reference.batch_norm_grad)
def batch_norm_grad(x: Array, gamma: Array, gy: Array, eps: float) -> tuple[Array, Array, Array] | None:
    if not all_float32(x, gamma, gy) or gamma.shape != x.shape[1:2] or gy.shape != x.shape:
        return None
    gx = np.empty(x.shape, np.float32)
    return gx, *_gradients("batch_norm_grad", gx, x, gamma, gy, eps, _channels(x))


@with_fallback(reference.scale_channels)
def scale_channels(x: Array, mean: Array, scale: Array, shift: Array) -> Array | None:
    if not all_float32(x, mean, scale, shift) or not mean.shape == scale.shape == shift.shape == x.shape[1:2]:
        return None
    y = np.empty(x.shape, np.float32)
    x, mean, scale, shift = contiguous(x), contiguous(mean), contiguous(scale), contiguous(shift)
    library.scale_channels(
        address(y), address(x), address(mean), address(scale), address(shift), *_channels(x)
    )
    return y


def _rows(x: Array, gamma: Array) -> tuple[int, ...]:
    """The size arguments for x (rows, K, S) and gamma (parts, K)."""
    return len(x), len(gamma), *x.shape[1:]


@with_fallback(reference.row_norm)
def row_norm(x: Array, gamma: Array, beta: Array, eps: float) -> Array | None:
    if not all_float32(x, gamma, beta):
        return None
    y = np.empty(x.shape, np.float32)
    x, gamma, beta = contiguous(x), contiguous(gamma), contiguous(beta)
    library.row_norm(address(y), address(x), address(gamma), address(beta), c_float(eps), *_rows(x, gamma))
    return y


@with_fallback(reference.row_norm_grad)
def row_norm_grad(x: Array, gamma: Array, gy: Array, eps: float) -> tuple[Array, Array, Array] | None:
    if not all_float32(x, gamma, gy):
        return None
    gx = np.empty(x.shape, np.float32)
    step = MOST_ROWS * len(gamma)
    parts = [slice(i, i + step) for i in range(0, len(x), step)]
    sums = [_gradients("row_norm_grad", gx[p], x[p], gamma, gy[p], eps, _rows(x[p], gamma)) for p in parts]
    if len(sums) == 1:
        return gx, *sums[0]
    ggamma, gbeta = np.sum(sums, axis=0)
    return gx, ggamma, gbeta
