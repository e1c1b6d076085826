"""Softmax, its logarithm, and their gradients."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, contiguous, with_fallback


def _sizes(x: Array, axis: int) -> tuple[int, int, int] | None:
    """The lengths before the axis, multiplied, its own, and those after it; None if these are 2 or 3."""
    axis %= x.ndim
    inner = math.prod(x.shape[axis + 1 :])
    return None if 1 < inner < 4 else (math.prod(x.shape[:axis]), x.shape[axis], inner)


@with_fallback(reference.softmax)
def softmax(x: Array, axis: int, log: bool) -> Array | None:
    sizes = _sizes(x, axis)
    if not all_float32(x) or sizes is None:
        return None
    y = np.empty(x.shape, np.float32)
    x = contiguous(x)
    library.softmax(address(y), address(x), *sizes, log)
    return y


@with_fallback(reference.softmax_grad)
def softmax_grad(y: Array, gy: Array, axis: int, log: bool) -> Array | None:
    sizes = _sizes(y, axis)
    if not all_float32(y, gy) or y.shape != gy.shape or sizes is None:
        return None
    gx = np.empty(y.shape, np.float32)
    y, gy = contiguous(y), contiguous(gy)
    library.softmax_grad(address(gx), address(y), address(gy), *sizes, log)
    return gx
