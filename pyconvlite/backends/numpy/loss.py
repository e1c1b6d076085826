"""Softmax cross entropy, and the check of indexes and labels."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .._calls import counted
from .half import in_float32, sum_dtype


def _check_indexes(t: Array, size: int, name: str) -> None:
    if not t.size:
        return
    # One maximum will do: as unsigned integers, negative ones are large, unless size is beyond the dtype.
    largest = np.maximum.reduce(t.view(f"{t.dtype.byteorder}u{t.itemsize}"), axis=None)
    if largest >= size or (size > 1 << 8 * t.itemsize - 1 and t.min() < 0):
        raise ValueError(f"{name} must be in 0..{size - 1}; got {t.min()}..{t.max()}")


check_indexes = counted("numpy", "check_indexes")(_check_indexes)


def _rows(x: Array) -> Array:
    """x (N, classes, S) as a matrix with a row of classes for each label."""
    return x if x.ndim == 2 else np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


@counted("numpy")
def softmax_cross_entropy(x: Array, t: Array) -> Array:
    _check_indexes(t, x.shape[1], "labels in t")
    x, t = _rows(x), t.reshape(-1)
    x = x - np.maximum.reduce(x, axis=1, keepdims=True)
    log_z = np.log(np.add.reduce(np.exp(x), axis=1, dtype=sum_dtype(x)))
    losses = log_z - x[np.arange(len(x)), t]
    loss: Array = np.add.reduce(losses) / len(losses)
    return loss if x.itemsize > 2 else loss.astype(x.dtype)


@counted("numpy")
@in_float32
def softmax_cross_entropy_grad(x: Array, t: Array, gy: Array) -> Array:
    shape, x = x.shape, _rows(x)
    p = np.exp(x - np.maximum.reduce(x, axis=1, keepdims=True))
    p /= np.add.reduce(p, axis=1, keepdims=True)
    p[np.arange(len(x)), t.reshape(-1)] -= 1
    gx: Array = p * (gy * (1.0 / len(x)))
    if len(shape) == 2:
        return gx
    return np.ascontiguousarray(np.moveaxis(gx.reshape(shape[0], *shape[2:], shape[1]), -1, 1))
