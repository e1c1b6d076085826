"""Softmax cross entropy."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, contiguous, with_fallback


@with_fallback(reference.softmax_cross_entropy)
def softmax_cross_entropy(x: Array, t: Array) -> tuple[Array, Array] | None:
    S = math.prod(x.shape[2:])
    if not all_float32(x) or x.ndim < 2 or 1 < S < 4 or t.shape != x.shape[:1] + x.shape[2:]:
        return None
    if t.dtype.kind not in "iu":
        return None
    labels = np.ascontiguousarray(t, np.int32)  # whose values the side module checks
    if t.itemsize > 4 and not np.array_equal(labels, t):  # 2**32 would become 0
        return None
    loss, gx = np.empty((), np.float32), np.empty(x.shape, np.float32)
    x = contiguous(x)
    done = library.softmax_cross_entropy(
        address(loss), address(gx), address(x), address(labels), *x.shape[:2], S
    )
    return (loss, gx) if done else None
