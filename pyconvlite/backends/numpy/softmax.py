"""Softmax, its logarithm, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._shapes import Array
from .._calls import counted


@counted("numpy")
def softmax(x: Array, axis: int, log: bool) -> Array:
    y = x - x.max(axis=axis, keepdims=True)
    e = np.exp(y)
    total = e.sum(axis=axis, keepdims=True, dtype=_sums(e))
    if e.itemsize == 2 and x.shape[axis] < 65504:
        total = total.astype(e.dtype)  # it fits: all else is computed in float16
    return np.asarray(y - np.log(total) if log else e / total, e.dtype)


@counted("numpy")
def softmax_grad(y: Array, gy: Array, axis: int, log: bool) -> Array:
    if log:
        return np.asarray(gy - np.exp(y) * gy.sum(axis=axis, keepdims=True, dtype=_sums(y)), y.dtype)
    return np.asarray(y * (gy - (y * gy).sum(axis=axis, keepdims=True, dtype=_sums(y))), y.dtype)


def _sums(x: Array) -> np.dtype[Any]:
    """The type of sums: float32 for float16, which 2048 ones fill."""
    return np.promote_types(x.dtype, np.float32)
