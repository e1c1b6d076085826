"""Reductions over axes."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .._calls import counted
from .half import sum_dtype

Axis = int | tuple[int, ...] | None
ROWS = 128  # rows that are summed at a time


@counted("numpy")
def sum(x: Array, axis: Axis, keepdims: bool) -> Array:
    dtype = sum_dtype(x)
    y = _sum(x, axis, dtype, keepdims)
    return y if dtype is None else np.asarray(y.astype(x.dtype))


@counted("numpy")
def mean(x: Array, axis: Axis, keepdims: bool) -> Array:
    if x.dtype.kind != "f" or x.itemsize == 2 or x.size == 0:
        y: Array = x.mean(axis=axis, keepdims=keepdims)  # accumulates float16 in float32
        return y
    y = _sum(x, axis, None, keepdims)
    return y / (x.size // y.size)  # what x.mean computes, in a third of the time for small arrays


def _sum(x: Array, axis: Axis, dtype: type[np.float32] | None, keepdims: bool) -> Array:
    """`np.add.reduce`, which `x.sum` calls too, but more accurate along the first axis.

    NumPy sums pairwise along the last axis only. Along others it adds row after row, so that the error grows
    with the number of rows.
    """
    while axis in (0, (0,)) and x.ndim > 1 and len(x) > ROWS and x.size:
        whole = len(x) // ROWS * ROWS
        sums = np.add.reduce(x[:whole].reshape(ROWS, -1, *x.shape[1:]), 0, dtype)
        x = np.concatenate([sums, x[whole:]])
    # NumPy's stubs take only a literal `keepdims`.
    return np.add.reduce(x, axis, dtype, keepdims=keepdims)  # type: ignore[call-overload,no-any-return]


@counted("numpy")
def max(x: Array, axis: Axis, keepdims: bool) -> Array:
    y: Array = x.max(axis=axis, keepdims=keepdims)
    return y


@counted("numpy")
def min(x: Array, axis: Axis, keepdims: bool) -> Array:
    y: Array = x.min(axis=axis, keepdims=keepdims)
    return y
