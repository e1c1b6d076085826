"""Softmax, its logarithm, and their gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, contiguous, with_fallback


def _along(axis: int, function: Callable[..., Any], log: bool, *arrays: Array) -> Array:
    """What a function of the side module computes along an axis of arrays of one shape.

    The function handles the positions of the axes behind it one or four at a time. If there are 2 or 3, the
    axis is moved to the end.
    """
    shape = arrays[0].shape
    axis %= len(shape)
    inner = math.prod(shape[axis + 1 :])
    if inner in (2, 3):
        moved = [np.moveaxis(a, axis, -1) for a in arrays]
        return contiguous(np.moveaxis(_along(-1, function, log, *moved), -1, axis))
    y = np.empty(shape, np.float32)
    arrays = tuple(contiguous(a) for a in arrays)
    function(address(y), *map(address, arrays), math.prod(shape[:axis]), shape[axis], inner, log)
    return y


@with_fallback(reference.softmax)
def softmax(x: Array, axis: int, log: bool) -> Array | None:
    return _along(axis, library.softmax, log, x) if all_float32(x) else None


@with_fallback(reference.softmax_grad)
def softmax_grad(y: Array, gy: Array, axis: int, log: bool) -> Array | None:
    if not all_float32(y, gy) or y.shape != gy.shape:
        return None
    return _along(axis, library.softmax_grad, log, y, gy)
