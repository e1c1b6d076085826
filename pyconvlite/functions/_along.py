"""Products with a matrix, and elements at indexes, along one axis, for resizing and adaptive pooling."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._shapes import Array
from ..autograd import Variable
from ..backends import to_device_of
from .indexing import get_item
from .linalg import matmul
from .shape import reshape, transpose


def product_along(x: Any, matrix: Array, axis: int) -> Variable:
    """Product of a matrix (new, old) and x along an axis of length old.

    Args:
        x: Variable or array of a floating-point dtype.
        matrix: NumPy array, used in x's dtype.
        axis: not negative.

    Example:
        >>> product_along(np.array([[1.0, 2.0]]), np.array([[0.5, 0.5]]), 1)
        variable([[1.5]])
    """
    before, old, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    if after:
        y = matmul(_like(x, matrix), reshape(x, (math.prod(before), old, math.prod(after))))
    else:
        y = matmul(reshape(x, (math.prod(before), old)), _like(x, matrix.T))
    return reshape(y, (*before, len(matrix), *after))


def _like(x: Any, matrix: Array) -> Any:
    """The matrix in x's dtype, on x's device."""
    return to_device_of(x, np.ascontiguousarray(matrix, x.dtype))


def take(x: Any, index: Array, axis: int) -> Variable:
    """Elements of x at the indexes along an axis, as `numpy.take` returns them.

    Args:
        x: Variable or array.
        index: array of integers, whose axes take the place of the axis.
        axis: not negative.

    Example:
        >>> take(np.array([[1.0, 2.0]]), np.array([1, 1, 0]), 1)
        variable([[2. 2. 1.]])
    """
    order = [axis, *(i for i in range(x.ndim) if i != axis)]  # a device indexes the first axes only
    y = get_item(transpose(x, order), index)
    rest = list(range(index.ndim, y.ndim))
    return transpose(y, [*rest[:axis], *range(index.ndim), *rest[axis:]])
