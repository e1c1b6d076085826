"""Softmax cross entropy, and the checks of indexes, labels and probabilities."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .._calls import counted
from .half import HALF


def _checked(t: Array, size: int, name: str) -> Array:
    """The indexes as np.intp, which NumPy need not convert: int32 in Pyodide, elsewhere int64."""
    indexes = t if t.dtype == np.intp else t.astype(np.int64, casting="same_kind", copy=False)
    # As unsigned integers, negative ones are large. By `reduce`, since `t.max()` goes through Python.
    if t.size and np.maximum.reduce(indexes.view(_UNSIGNED[indexes.itemsize]), axis=None) >= size:
        raise ValueError(f"{name} must be in 0..{size - 1}; got {t.min()}..{t.max()}")
    return indexes if indexes.dtype == np.intp else indexes.astype(np.intp)


_UNSIGNED: dict[int, type] = {4: np.uint32, 8: np.uint64}  # by bytes
_TOLERANCE = 1e-3  # by which a probability rounded to float16 may exceed [0, 1]


@counted("numpy")
def check_indexes(t: Array, size: int, name: str) -> None:
    _checked(t, size, name)


@counted("numpy")
def check_probabilities(x: Array, name: str, hint: str) -> None:
    if x.size:
        low, high = x.min(), x.max()
        if low < -_TOLERANCE or high > 1 + _TOLERANCE:
            raise ValueError(f"{name} must be from 0 to 1; got {low if low < -_TOLERANCE else high}{hint}")


def _rows(x: Array, t: Array) -> tuple[Array, Array]:
    """x (N, classes, S) as a matrix with a row of classes for each label, and the labels on one axis."""
    return (x, t) if x.ndim == 2 else (np.moveaxis(x, 1, -1).reshape(-1, x.shape[1]), t.reshape(-1))


@counted("numpy")
def softmax_cross_entropy(x: Array, t: Array) -> tuple[Array, Array]:
    (N, C, *S), is_half = x.shape, x.dtype == HALF
    x, t = _rows(x.astype(np.float32) if is_half else x, _checked(t, C, "labels in t, except ignore_index,"))
    x = np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), order="C")
    p = np.exp(x)
    sums = np.add.reduce(p, axis=1, keepdims=True)
    of_labels = np.arange(0, x.size, C) + t  # in the flat arrays, which NumPy indexes sooner
    losses = np.log(sums[:, 0]) - x.reshape(-1)[of_labels]
    loss: Array = np.add.reduce(losses) / len(losses)
    p /= sums
    p.reshape(-1)[of_labels] -= 1
    p *= 1.0 / len(losses)
    gx = np.ascontiguousarray(np.moveaxis(p.reshape(N, *S, C), -1, 1)) if S else p
    return loss.astype(HALF) if is_half else loss, gx
