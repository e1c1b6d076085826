"""Softmax, its logarithm, and their gradients."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .._calls import counted


@counted("numpy")
def softmax(x: Array, axis: int, log: bool) -> Array:
    y = x - x.max(axis=axis, keepdims=True)
    e = np.exp(y)
    total = e.sum(axis=axis, keepdims=True)
    return np.asarray(y - np.log(total) if log else e / total)


@counted("numpy")
def softmax_grad(y: Array, gy: Array, axis: int, log: bool) -> Array:
    if log:
        return np.asarray(gy - np.exp(y) * gy.sum(axis=axis, keepdims=True))
    return np.asarray(y * (gy - (y * gy).sum(axis=axis, keepdims=True)))
