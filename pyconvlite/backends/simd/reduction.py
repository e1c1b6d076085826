"""Sums over axes."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, contiguous, served


@served(reference.sum)
def sum(x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array | None:
    if not all_float32(x):
        return None
    n = x.ndim
    given = tuple(range(n)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    summed = {i + n if i < 0 else i for i in given}
    if not summed or len(summed) != len(given) or not summed.issubset(range(n)):
        return None
    # The side module sums an array (before, kept, after) over its first and last axis, so the kept axes must
    # be adjacent. Axes of length 1 do not matter.
    kept = [i for i in range(n) if i not in summed and x.shape[i] > 1]
    start, stop = (kept[0], kept[-1] + 1) if kept else (0, 0)
    if any(i in summed and x.shape[i] > 1 for i in range(start, stop)):
        return None
    shape = [1 if i in summed else x.shape[i] for i in range(n) if keepdims or i not in summed]
    y = np.empty(shape, np.float32)
    x = contiguous(x)
    sizes = (math.prod(x.shape[part]) for part in (slice(start), slice(start, stop), slice(stop, None)))
    library.sum_channels(address(y), address(x), *sizes)
    return y
