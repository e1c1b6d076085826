"""Softmax cross entropy."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, c_float, contiguous, served


def _labels_of(x: Array, t: Array) -> bool:
    """Whether t has the shape and dtype of labels for x (N, classes); the side module checks its values."""
    return x.ndim == 2 and t.shape == x.shape[:1] and t.dtype.kind in "iu"


@served(reference.softmax_cross_entropy)
def softmax_cross_entropy(x: Array, t: Array) -> Array | None:
    if not all_float32(x) or not _labels_of(x, t):
        return None
    loss = np.empty((), np.float32)
    x, t = contiguous(x), np.ascontiguousarray(t, np.int32)
    return loss if library.softmax_cross_entropy(address(loss), address(x), address(t), *x.shape) else None


@served(reference.softmax_cross_entropy_grad)
def softmax_cross_entropy_grad(x: Array, t: Array, gy: Array) -> Array | None:
    if not all_float32(x, gy) or not _labels_of(x, t) or gy.shape != ():
        return None
    gx = np.empty(x.shape, np.float32)
    x, t, scale = contiguous(x), np.ascontiguousarray(t, np.int32), c_float(gy.item() / len(x))
    done = library.softmax_cross_entropy_grad(address(gx), address(x), address(t), scale, *x.shape)
    return gx if done else None
