"""Products with a matrix along one axis: pooling and resizing of any number of axes are made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ..._shapes import Array
from ...backends import to_device_of
from ._table import raw


def product_along(x: Any, matrix: Array, axis: int) -> Any:
    """Product of a matrix (new, old) and x along an axis of length old; integers are rounded toward 0."""
    dtype = raw(x).dtype
    if dtype.kind != "f":
        return F.cast(
            product_along(F.cast(x, np.float32 if dtype.itemsize < 4 else np.float64), matrix, axis), dtype
        )
    order = [i for i in range(len(x.shape)) if i != axis]
    moved = F.transpose(x, (*order, axis))  # (..., old)
    weights = to_device_of(raw(x), matrix.T.astype(dtype))
    y = F.reshape(
        F.matmul(F.reshape(moved, (-1, matrix.shape[1])), weights), (*moved.shape[:-1], len(matrix))
    )
    back = [*order, axis]
    return F.transpose(y, [back.index(i) for i in range(len(back))])


def take(x: Any, index: Array, axis: int) -> Any:
    """Elements of x at indexes along an axis; the axes of the indexes take the place of the axis."""
    ndim, more = len(x.shape), index.ndim
    order = [axis, *(i for i in range(ndim) if i != axis)]  # a device indexes the first axes only
    y = F.get_item(F.transpose(x, order), index)
    rest = list(range(more, more + ndim - 1))
    return F.transpose(y, [*rest[:axis], *range(more), *rest[axis:]])
