"""Softmax cross entropy."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, contiguous, with_fallback


def _checked(x: Array, t: Array) -> tuple[Array, tuple[int, int, int]] | None:
    """The labels as int32, whose values the side module checks, and the sizes N, classes, S; else None."""
    S = math.prod(x.shape[2:])
    if x.ndim < 2 or 1 < S < 4 or t.shape != x.shape[:1] + x.shape[2:] or t.dtype.kind not in "iu":
        return None
    labels: Array = np.ascontiguousarray(t, np.int32)
    if t.itemsize > 4 and not np.array_equal(labels, t):  # 2**32 would become 0
        return None
    return labels, (*x.shape[:2], S)


@with_fallback(reference.softmax_cross_entropy)
def softmax_cross_entropy(x: Array, t: Array) -> Array | None:
    if not all_float32(x) or (checked := _checked(x, t)) is None:
        return None
    labels, sizes = checked
    loss = np.empty((), np.float32)
    x = contiguous(x)
    done = library.softmax_cross_entropy(address(loss), address(x), address(labels), *sizes)
    return loss if done else None


@with_fallback(reference.softmax_cross_entropy_grad)
def softmax_cross_entropy_grad(x: Array, t: Array, gy: Array) -> Array | None:
    if not all_float32(x, gy) or gy.shape != () or (checked := _checked(x, t)) is None:
        return None
    labels, sizes = checked
    gx = np.empty(x.shape, np.float32)
    x = contiguous(x)
    done = library.softmax_cross_entropy_grad(address(gx), address(x), address(labels), address(gy), *sizes)
    return gx if done else None
