"""Batch normalization."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, c_float, contiguous, with_fallback


def _channels(x: Array) -> tuple[int, int, int]:
    """The size arguments for x (N, C, ...): N, C and the product of the remaining lengths."""
    return x.shape[0], x.shape[1], math.prod(x.shape[2:])


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
    name: str, x: Array, gamma: Array, gy: Array, eps: float, sizes: tuple[int, ...]
) -> tuple[Array, Array, Array]:
    """Gradients with respect to x, gamma and beta, by a function of the side module."""
    gx, ggamma, gbeta = (np.empty(shape, np.float32) for shape in (x.shape, gamma.shape, gamma.shape))
    x, gamma, gy = contiguous(x), contiguous(gamma), contiguous(gy)
    results = address(gx), address(ggamma), address(gbeta)
    getattr(library, name)(*results, address(x), address(gamma), address(gy), c_float(eps), *sizes)
    return gx, ggamma, gbeta


@with_fallback(reference.batch_norm_grad)
def batch_norm_grad(x: Array, gamma: Array, gy: Array, eps: float) -> tuple[Array, Array, Array] | None:
    if not all_float32(x, gamma, gy) or gamma.shape != x.shape[1:2] or gy.shape != x.shape:
        return None
    return _gradients("batch_norm_grad", x, gamma, gy, eps, _channels(x))


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
    return _gradients("row_norm_grad", x, gamma, gy, eps, _rows(x, gamma))
