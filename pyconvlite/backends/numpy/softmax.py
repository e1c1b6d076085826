"""Softmax, its logarithm, and their gradients."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .._calls import counted
from .half import sum_dtype


@counted("numpy")
def softmax(x: Array, axis: int, log: bool) -> Array:
    y = x - x.max(axis=axis, keepdims=True)
    e = np.exp(y)
    total = e.sum(axis=axis, keepdims=True, dtype=sum_dtype(e))
    if e.itemsize == 2 and x.shape[axis] < 65504:
        total = total.astype(e.dtype)  # does not overflow, and the rest is computed in float16
    return np.asarray(y - np.log(total) if log else e / total, e.dtype)


@counted("numpy")
def softmax_grad(y: Array, gy: Array, axis: int, log: bool) -> Array:
    if log:
        return np.asarray(gy - np.exp(y) * gy.sum(axis=axis, keepdims=True, dtype=sum_dtype(y)), y.dtype)
    return np.asarray(y * (gy - (y * gy).sum(axis=axis, keepdims=True, dtype=sum_dtype(y))), y.dtype)
