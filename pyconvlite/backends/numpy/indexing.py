"""The gradient of rows chosen by an index."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .._calls import counted
from .half import in_float32

LONG = 192  # elements of a row from which a loop over the rows is faster


@counted("numpy")
@in_float32
def rows_grad(gy: Array, index: Array, rows: int) -> Array:
    gx = np.zeros((rows, *gy.shape[index.ndim :]), gy.dtype)
    at = np.arange(rows)[index].ravel()  # not negative
    row_size = math.prod(gx.shape[1:])
    if row_size >= LONG:
        for i, row in zip(at.tolist(), gy.reshape(at.size, *gx.shape[1:]), strict=True):
            gx[i] += row
    elif at.size:
        # Sums of adjacent rows are several times as fast as np.add.at.
        order = np.argsort(at, kind="stable")
        at = at[order]
        first = np.flatnonzero(np.diff(at, prepend=-1))
        gx[at[first]] = np.add.reduceat(gy.reshape(at.size, *gx.shape[1:])[order], first, axis=0)
    return gx
