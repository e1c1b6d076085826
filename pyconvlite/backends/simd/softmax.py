"""Softmax, its logarithm, and their gradients."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, contiguous, with_fallback


def _sizes(x: Array, axis: int) -> tuple[int, int, int]:
    """The lengths before the axis, multiplied, its own, and those after it."""
    axis %= x.ndim
    return math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])


@with_fallback(reference.softmax)
def softmax(x: Array, axis: int, log: bool) -> Array | None:
    if not all_float32(x):
        return None
    sizes = _sizes(x, axis)
    if sizes[2] in (2, 3):  # the side module takes four elements after the axis at a time
        return contiguous(np.moveaxis(softmax(np.moveaxis(x, axis, -1), -1, log), -1, axis))
    y = np.empty(x.shape, np.float32)
    x = contiguous(x)
    library.softmax(address(y), address(x), *sizes, log)
    return y


@with_fallback(reference.softmax_grad)
def softmax_grad(y: Array, gy: Array, axis: int, log: bool) -> Array | None:
    if not all_float32(y, gy) or y.shape != gy.shape:
        return None
    sizes = _sizes(y, axis)
    if sizes[2] in (2, 3):
        rows = softmax_grad(np.moveaxis(y, axis, -1), np.moveaxis(gy, axis, -1), -1, log)
        return contiguous(np.moveaxis(rows, -1, axis))
    gx = np.empty(y.shape, np.float32)
    y, gy = contiguous(y), contiguous(gy)
    library.softmax_grad(address(gx), address(y), address(gy), *sizes, log)
    return gx
