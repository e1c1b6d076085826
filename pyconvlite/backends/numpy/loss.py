"""Softmax cross entropy, and the check of indexes and labels."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .._calls import counted
from .half import in_float32, sum_dtype


def _check_indexes(t: Array, size: int, name: str) -> None:
    # By `reduce`, since `t.min()` goes through Python.
    if t.size and (np.minimum.reduce(t, axis=None) < 0 or np.maximum.reduce(t, axis=None) >= size):
        raise ValueError(f"{name} must be in 0..{size - 1}; got {t.min()}..{t.max()}")


check_indexes = counted("numpy", "check_indexes")(_check_indexes)


def _rows(x: Array, t: Array) -> tuple[Array, Array]:
    """x (N, classes, S) as a matrix with a row of classes for each label, and the labels on one axis."""
    return (x, t) if x.ndim == 2 else (np.moveaxis(x, 1, -1).reshape(-1, x.shape[1]), t.reshape(-1))


@counted("numpy")
def softmax_cross_entropy(x: Array, t: Array) -> Array:
    _check_indexes(t, x.shape[1], "labels in t")
    x, t = _rows(x, t)
    x = x - np.maximum.reduce(x, axis=1, keepdims=True)
    log_z = np.log(np.add.reduce(np.exp(x), axis=1, dtype=sum_dtype(x)))
    losses = log_z - x[np.arange(len(x)), t]
    loss: Array = np.add.reduce(losses) / len(losses)
    return loss if x.itemsize > 2 else loss.astype(x.dtype)


@counted("numpy")
@in_float32
def softmax_cross_entropy_grad(x: Array, t: Array, gy: Array) -> Array:
    shape = x.shape
    x, t = _rows(x, t)
    p = np.exp(x - np.maximum.reduce(x, axis=1, keepdims=True))
    p /= np.add.reduce(p, axis=1, keepdims=True)
    p[np.arange(len(x)), t] -= 1
    gx: Array = p * (gy * (1.0 / len(x)))
    if len(shape) == 2:
        return gx
    return np.ascontiguousarray(np.moveaxis(gx.reshape(shape[0], *shape[2:], shape[1]), -1, 1))
