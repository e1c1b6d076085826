"""Reductions (sum, mean, variance, maximum, minimum) and broadcasting."""

from __future__ import annotations

import math
from typing import Any

from .. import _shapes
from .._arguments import as_axis
from .._shapes import Array
from ..autograd import Function, Variable, as_input, as_variable
from ..backends import get_array_module, kernels
from .shape import reshape

# ----------------------------------------------------------------------------------------- sums, broadcasting


class Sum(Function):
    """Sum over axes."""

    reads_inputs = reads_outputs = False

    def __init__(self, axis: int | tuple[int, ...] | None, keepdims: bool) -> None:
        self.axis = axis
        self.keepdims = keepdims

    def forward(self, x: Array) -> Any:
        return kernels(x).sum(x, self.axis, self.keepdims)

    def backward(self, gy: Variable) -> Any:
        x_shape = self.inputs[0].shape
        return broadcast_to(_shapes.reshape_sum_backward(gy, x_shape, self.axis, self.keepdims), x_shape)


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Sum of x.

    Args:
        x: Variable or array.
        axis: an axis or a tuple of axes to sum over; negative axes count from the end; None for all.
        keepdims: keep the reduced axes, with length 1.

    Raises:
        TypeError: `axis` is not an integer, a tuple of integers or None.
        ValueError: x does not have this axis.

    Example:
        >>> import numpy as np
        >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
        variable([4. 6.])
    """
    x = as_input(x)
    return Sum(as_axis(axis, x.shape), keepdims)(x)


class Mean(Function):
    """Mean over axes; NumPy accumulates float16 in float32 here, unlike in a sum that is then divided.

    Example:
        >>> import numpy as np
        >>> Mean(axis=None, keepdims=False)(np.full(70000, 1.0, np.float16))  # their sum overflows float16
        variable(1.0)
    """

    reads_inputs = reads_outputs = False

    def __init__(self, axis: int | tuple[int, ...] | None, keepdims: bool) -> None:
        self.axis = axis
        self.keepdims = keepdims

    def forward(self, x: Array) -> Any:
        return x.mean(axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Variable) -> Any:
        x_shape = self.inputs[0].shape
        share = gy / _reduced_count(x_shape, self.axis)
        return broadcast_to(_shapes.reshape_sum_backward(share, x_shape, self.axis, self.keepdims), x_shape)


def check_elements(x: Variable, axis: Any, name: str) -> None:
    """Raise ValueError if the reduction `name` of x would be of no elements."""
    if x.size == 0 and _reduced_count(x.shape, axis) == 0:
        raise ValueError(f"{name} of no elements: x has shape {x.shape} and axis is {axis}")


def _reduced_count(shape: tuple[int, ...], axis: Any) -> int:
    """Number of input elements per output element of a reduction."""
    kept = _shapes.kept_shape(shape, axis)
    return math.prod(size for size, left in zip(shape, kept, strict=True) if size != left)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Mean of x; arguments as in `sum`.

    Raises:
        TypeError, ValueError: as in `sum`, or the mean would be of no elements.

    Example:
        >>> import numpy as np
        >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=-1)
        variable([1.5 3.5])
    """
    x = as_input(x)
    axis = as_axis(axis, x.shape)
    check_elements(x, axis, "mean")
    return Mean(axis, keepdims)(x)


average = mean


def var(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Variable:
    """Variance of x: the mean squared distance from the mean.

    Args:
        x: Variable or array.
        axis: as in `sum`.
        ddof: the divisor is the number of elements minus ddof; 1 gives the unbiased estimate.
        keepdims: as in `sum`.

    Raises:
        TypeError, ValueError: as in `sum`, or there are not more elements than ddof.

    Example:
        >>> import numpy as np
        >>> var(np.array([1.0, 3.0])), var(np.array([1.0, 3.0]), ddof=1)
        (variable(1.0), variable(2.0))
    """
    x = as_input(x)
    axis = as_axis(axis, x.shape)
    distance = x - mean(x, axis, keepdims=True)
    count = _reduced_count(x.shape, axis)
    if count <= ddof:
        raise ValueError(f"x must have more than ddof={ddof} elements along axis {axis}; got shape {x.shape}")
    return mean(distance * distance, axis, keepdims) * (count / (count - ddof))


class SumTo(Function):
    """Sum to a shape, the adjoint of broadcasting."""

    reads_inputs = reads_outputs = False

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Any:
        axes = _shapes.stretched_axes(self.shape, x.shape)
        return kernels(x).sum(x, axes, True).reshape(self.shape)

    def backward(self, gy: Variable) -> Any:
        return broadcast_to(gy, self.inputs[0].shape)


def sum_to(x: Any, shape: tuple[int, ...]) -> Variable:
    """Sum x over the axes along which `shape` broadcasts to x's shape: the adjoint of `broadcast_to`.

    Raises:
        ValueError: `shape` does not broadcast to x's shape.

    Example:
        >>> import numpy as np
        >>> sum_to(np.ones((2, 3)), (1, 3))
        variable([[2. 2. 2.]])
    """
    if as_input(x).shape == shape:
        return as_variable(x)
    return SumTo(shape)(x)


class BroadcastTo(Function):
    """Broadcast to a shape."""

    reads_inputs = reads_outputs = False

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Any:
        return get_array_module(x).broadcast_to(x, self.shape)

    def backward(self, gy: Variable) -> Any:
        return sum_to(gy, self.inputs[0].shape)


def broadcast_to(x: Any, shape: tuple[int, ...]) -> Variable:
    """Broadcast x to `shape`: repeat it along axes of length 1 and new leading axes.

    Raises:
        ValueError: x's shape does not broadcast to `shape`.

    Example:
        >>> import numpy as np
        >>> broadcast_to(np.array([1.0, 2.0]), (2, 2))
        variable([[1. 2.]
                  [1. 2.]])
    """
    if as_input(x).shape == shape:
        return as_variable(x)
    return BroadcastTo(shape)(x)


# ------------------------------------------------------------------------------------------- maximum, minimum


class Max(Function):
    """Maximum over axes; every element equal to it gets the gradient, as in DeZero."""

    def __init__(self, axis: Any = None, keepdims: bool = False) -> None:
        self.axis = axis
        self.keepdims = keepdims

    def forward(self, x: Array) -> Any:
        return x.max(axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Variable) -> Any:
        (x,) = self.inputs
        y: Any = self.outputs[0]()
        kept = _shapes.kept_shape(x.shape, self.axis)
        chosen = (x.data == y.data.reshape(kept)).astype(x.dtype)
        return broadcast_to(reshape(gy, kept), x.shape) * chosen


class Min(Max):
    """Minimum over axes; every element equal to it gets the gradient, as in DeZero."""

    def forward(self, x: Array) -> Any:
        return x.min(axis=self.axis, keepdims=self.keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Maximum of x; arguments as in `sum`. Each of several equal maxima gets the gradient.

    Raises:
        TypeError, ValueError: as in `sum`, or the maximum would be of no elements.

    Example:
        >>> import numpy as np
        >>> max(np.array([[1.0, 2.0], [4.0, 3.0]]), axis=1)
        variable([2. 4.])
    """
    x = as_input(x)
    axis = as_axis(axis, x.shape)
    check_elements(x, axis, "maximum")
    return Max(axis, keepdims)(x)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Minimum of x; otherwise as `max`.

    Example:
        >>> import numpy as np
        >>> min(np.array([[1.0, 2.0], [4.0, 3.0]]), axis=1)
        variable([1. 3.])
    """
    x = as_input(x)
    axis = as_axis(axis, x.shape)
    check_elements(x, axis, "minimum")
    return Min(axis, keepdims)(x)
