"""The kernels of the protocol that are operators and methods of `ndarray`."""

from __future__ import annotations

import operator
from collections.abc import Callable

from .array import ndarray
from .matmul import matmul
from .reduction import Axis

Binary = Callable[[ndarray, ndarray | float], ndarray]

add: Binary = operator.add
sub: Callable[[ndarray | float, ndarray | float], ndarray] = operator.sub
mul: Binary = operator.mul
div: Binary = operator.truediv
pow: Binary = operator.pow
equal: Binary = operator.eq
greater: Binary = operator.gt
greater_equal: Binary = operator.ge
less: Binary = operator.lt
less_equal: Binary = operator.le
neg: Callable[[ndarray], ndarray] = operator.neg


def linear(x: ndarray, W: ndarray, b: ndarray | None) -> ndarray:
    """x W + b."""
    y = matmul(x, W)
    return y if b is None else y + b


def mean(x: ndarray, axis: Axis, keepdims: bool) -> ndarray:
    """Mean over axes."""
    return x.mean(axis, keepdims)


def max(x: ndarray, axis: Axis, keepdims: bool) -> ndarray:
    """Maximum over axes."""
    return x.max(axis, keepdims)


def min(x: ndarray, axis: Axis, keepdims: bool) -> ndarray:
    """Minimum over axes."""
    return x.min(axis, keepdims)
