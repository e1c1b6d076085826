"""Softmax cross entropy, and the check of indexes and labels."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .._calls import counted


def _check_indexes(t: Array, size: int, name: str) -> None:
    if not t.size:
        return
    low, high = t.min(), t.max()
    if low < 0 or high >= size:
        raise ValueError(f"{name} must be in 0..{size - 1}; got {low}..{high}")


check_indexes = counted("numpy", "check_indexes")(_check_indexes)


@counted("numpy")
def softmax_cross_entropy(x: Array, t: Array) -> Array:
    _check_indexes(t, x.shape[1], "labels in t")
    x = x - x.max(axis=1, keepdims=True)
    log_z = np.log(np.exp(x).sum(axis=1))
    loss: Array = (log_z - x[np.arange(len(x)), t]).mean()
    return loss


@counted("numpy")
def softmax_cross_entropy_grad(x: Array, t: Array, gy: Array) -> Array:
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(x)), t] -= 1
    gx: Array = p * (gy * (1.0 / len(x)))
    return gx
