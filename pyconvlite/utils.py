"""Helpers under DeZero's module path: sizes, shapes, gradient checks, graphs and files."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arguments import as_axis, at_least
from ._fetch import cache_dir, get_file
from ._gradient_check import array_allclose, array_equal, gradient_check, numerical_grad
from ._random import rng, seed
from ._shapes import (
    Array,
    IntPair,
    Pair,
    check_axes,
    conv_outsize,
    deconv_outsize,
    get_conv_outsize,
    get_deconv_outsize,
    kept_shape,
    lowest,
    pair,
    stretched_axes,
)
from .backends import get_array_module
from .graph import get_dot_graph, plot_dot_graph

__all__ = [
    "Array",
    "IntPair",
    "Pair",
    "array_allclose",
    "array_equal",
    "at_least",
    "cache_dir",
    "check_axes",
    "conv_outsize",
    "deconv_outsize",
    "get_conv_outsize",
    "get_deconv_outsize",
    "get_dot_graph",
    "get_file",
    "gradient_check",
    "kept_shape",
    "logsumexp",
    "lowest",
    "max_backward_shape",
    "numerical_grad",
    "pair",
    "plot_dot_graph",
    "reshape_sum_backward",
    "rng",
    "seed",
    "stretched_axes",
    "sum_to",
]


def reshape_sum_backward(gy: Any, x_shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Reshape the gradient of a reduction's output so that it broadcasts to the input's shape.

    Args:
        gy: gradient of the output, a Variable or array.
        x_shape: shape of the input.
        axis: the reduced axis or axes; None for all.
        keepdims: whether the reduction kept the reduced axes.

    Returns:
        gy, with each removed axis restored with length 1.

    Example:
        >>> reshape_sum_backward(np.ones(3), (3, 4), axis=1, keepdims=False).shape
        (3, 1)
    """
    if keepdims:
        return gy
    return gy.reshape(kept_shape(x_shape, axis))


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum an array to a given shape, the reverse of broadcasting (book step 40).

    Args:
        x: array.
        shape: shape that broadcasts to x's shape.

    Returns:
        Array of the given shape.

    Raises:
        ValueError: `shape` does not broadcast to x's shape.

    Example:
        >>> sum_to(np.ones((2, 3)), (1, 3))
        array([[2., 2., 2.]])
    """
    return x.sum(axis=stretched_axes(shape, x.shape), keepdims=True).reshape(shape)


def max_backward_shape(x: Any, axis: Any) -> list[int]:
    """Shape of x with length 1 along `axis`: a maximum over `axis` broadcasts with x in this shape.

    Args:
        x: array or Variable.
        axis: integer, tuple of integers, or None for all axes.

    Raises:
        TypeError: `axis` is none of these.
        ValueError: x does not have the axis.

    Example:
        >>> max_backward_shape(np.ones((2, 3)), 1)
        [2, 1]
    """
    return list(kept_shape(x.shape, as_axis(axis, x.shape)))


def logsumexp(x: Any, axis: Any = 1) -> Any:
    """Logarithm of the sum of exponentials, computed without overflow.

    Args:
        x: array of floats.
        axis: axis or axes to sum over, as in `F.sum`; they are kept with length 1.

    Raises:
        TypeError: `axis` is not an integer, a tuple of integers or None.
        ValueError: x does not have the axis.

    Example:
        >>> logsumexp(np.array([[1000.0, 1000.0]])).round(3)
        array([[1000.693]])
    """
    xp = get_array_module(x)
    axis = as_axis(axis, x.shape)
    m = x.max(axis=axis, keepdims=True)
    m = xp.where(xp.isfinite(m), m, xp.zeros_like(m))  # as inf - inf is nan
    with np.errstate(divide="ignore"):  # if all of x is -inf, the result is log(0) = -inf
        return m + xp.log(xp.exp(x - m).sum(axis=axis, keepdims=True))
