"""Reductions over axes."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .._calls import counted
from .half import sum_dtype

Axis = int | tuple[int, ...] | None


@counted("numpy")
def sum(x: Array, axis: Axis, keepdims: bool) -> Array:
    dtype = sum_dtype(x)
    # `x.sum` calls this; NumPy's stubs take only a literal `keepdims`.
    y: Array = np.add.reduce(x, axis, dtype, keepdims=keepdims)  # type: ignore[call-overload]
    return y if dtype is None else np.asarray(y.astype(x.dtype))


@counted("numpy")
def mean(x: Array, axis: Axis, keepdims: bool) -> Array:
    if x.dtype.kind != "f" or x.itemsize == 2 or x.size == 0:
        y: Array = x.mean(axis=axis, keepdims=keepdims)  # accumulates float16 in float32
        return y
    y = np.add.reduce(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload] # as above
    return y / (x.size // y.size)  # what x.mean computes, in a third of the time for small arrays


@counted("numpy")
def max(x: Array, axis: Axis, keepdims: bool) -> Array:
    y: Array = x.max(axis=axis, keepdims=keepdims)
    return y


@counted("numpy")
def min(x: Array, axis: Axis, keepdims: bool) -> Array:
    y: Array = x.min(axis=axis, keepdims=keepdims)
    return y
