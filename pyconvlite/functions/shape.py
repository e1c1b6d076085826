"""Functions that move elements, sum them or choose among them: shapes, slices, reductions, broadcasting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import utils
from ..backends import get_array_module
from ..core import Function, Variable, as_input, as_variable

# ----------------------------------------------------------------------------------------------------- moving


class Reshape(Function):
    """The same elements in another shape."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        return x.reshape(self.shape)

    def backward(self, gy: Variable) -> Any:
        return reshape(gy, self.inputs[0].shape)


def reshape(x: Any, shape: Any) -> Variable:
    """The elements of x in another shape.

    Args:
        x: Variable or array.
        shape: integers, one of which may be -1 (what is left over); or one integer.

    Raises:
        ValueError: a shape that does not hold x's elements.

    Example:
        >>> reshape(np.arange(6), (2, 3))
        variable([[0 1 2]
                  [3 4 5]])
    """
    shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if as_input(x).shape == shape:
        return as_variable(x)
    return Reshape(shape)(x)


def flatten(x: Any) -> Variable:
    """X (N, ...) as (N, -1): all axes but the batch's made one.

    Example:
        >>> flatten(np.zeros((2, 3, 4))).shape
        (2, 12)
    """
    x = as_input(x)
    if x.ndim < 2:
        raise ValueError(f"x must have a batch axis and at least one more; got shape {x.shape}")
    return reshape(x, (x.shape[0], int(np.prod(x.shape[1:]))))


def expand_dims(x: Any, axis: int) -> Variable:
    """X with a new axis of length 1 at `axis`.

    Example:
        >>> expand_dims(np.zeros((2, 3)), 1).shape
        (2, 1, 3)
    """
    x = as_input(x)
    shape = list(x.shape)
    if not -len(shape) - 1 <= axis <= len(shape):
        raise ValueError(f"axis {axis} is out of range for a new axis in shape {tuple(shape)}")
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, 1)
    return reshape(x, tuple(shape))


class Transpose(Function):
    """The axes in another order."""

    def __init__(self, axes: Any = None) -> None:
        self.axes = axes

    def forward(self, x: Any) -> Any:
        return x.transpose(self.axes)

    def backward(self, gy: Variable) -> Any:
        if self.axes is None:
            return transpose(gy)
        ndim = len(self.axes)
        back = sorted(range(ndim), key=lambda i: self.axes[i] % ndim)
        return transpose(gy, tuple(back))


def transpose(x: Any, axes: Sequence[int] | None = None) -> Variable:
    """The axes of x in another order.

    Args:
        x: Variable or array.
        axes: for each axis of the result, the axis of x that it is; None reverses them.

    Example:
        >>> transpose(np.zeros((2, 3, 4)), (1, 0, 2)).shape
        (3, 2, 4)
    """
    return Transpose(axes)(x)


class GetItem(Function):
    """A part of an array."""

    def __init__(self, slices: Any) -> None:
        self.slices = slices

    def forward(self, x: Any) -> Any:
        return x[self.slices]

    def backward(self, gy: Variable) -> Any:
        return GetItemGrad(self.slices, self.inputs[0].shape)(gy)


class GetItemGrad(Function):
    """Adjoint of GetItem: zeros, with gy added at the part; an element taken twice gets both."""

    def __init__(self, slices: Any, in_shape: tuple[int, ...]) -> None:
        self.slices = slices
        self.in_shape = in_shape

    def forward(self, gy: Any) -> Any:
        xp = get_array_module(gy)
        gx = xp.zeros(self.in_shape, gy.dtype)
        xp.add.at(gx, self.slices, gy)
        return gx

    def backward(self, ggx: Variable) -> Any:
        return get_item(ggx, self.slices)


def get_item(x: Any, slices: Any) -> Variable:
    """x[slices], with whatever NumPy indexes by: integers, slices, `...`, arrays, or a tuple of them.

    Args:
        x: Variable or array.
        slices: the index; Variables in it are read as their arrays.

    Example:
        >>> get_item(np.array([[1, 2], [3, 4]]), (slice(None), 1))
        variable([2 4])
    """
    if isinstance(slices, tuple):
        slices = tuple(s.data if isinstance(s, Variable) else s for s in slices)
    elif isinstance(slices, Variable):
        slices = slices.data
    return GetItem(slices)(x)


class Concat(Function):
    """Arrays joined along an axis."""

    def __init__(self, axis: int = 0) -> None:
        self.axis = axis

    def forward(self, *xs: Any) -> Any:
        return get_array_module(xs[0]).concatenate(xs, axis=self.axis)

    def backward(self, gy: Variable) -> Any:
        axis = self.axis % gy.ndim
        gxs = []
        start = 0
        for x in self.inputs:
            stop = start + x.shape[axis]
            gxs.append(get_item(gy, (slice(None),) * axis + (slice(start, stop),)))
            start = stop
        return tuple(gxs)


def concat(xs: Sequence[Any], axis: int = 0) -> Variable:
    """Variables or arrays joined along an axis; their other axes agree.

    Raises:
        ValueError: no array at all, or shapes that do not agree.

    Example:
        >>> concat([np.array([1.0, 2.0]), np.array([3.0])])
        variable([1. 2. 3.])
    """
    if len(xs) == 0:
        raise ValueError("xs must hold at least one array to join; got none")
    return Concat(axis)(*xs)


# ----------------------------------------------------------------------------------------- sums, broadcasting


class Sum(Function):
    """Sum over axes."""

    def __init__(self, axis: Any, keepdims: bool) -> None:
        self.axis = axis
        self.keepdims = keepdims

    def forward(self, x: Any) -> Any:
        return x.sum(axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Variable) -> Any:
        x_shape = self.inputs[0].shape
        return broadcast_to(utils.reshape_sum_backward(gy, x_shape, self.axis, self.keepdims), x_shape)


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Sum of x.

    Args:
        x: Variable or array.
        axis: axis or tuple of axes to sum over, negative ones from the end; None for all.
        keepdims: keep the summed axes, with length 1.

    Example:
        >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
        variable([4. 6.])
    """
    return Sum(_axes(axis), keepdims)(x)


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


class Mean(Function):
    """Mean over axes; NumPy sums float16 in float32 here, which a sum and a division would not."""

    def __init__(self, axis: Any, keepdims: bool) -> None:
        self.axis = axis
        self.keepdims = keepdims

    def forward(self, x: Any) -> Any:
        return x.mean(axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Variable) -> Any:
        x_shape = self.inputs[0].shape
        share = gy / _reduced_count(x_shape, self.axis)
        return broadcast_to(utils.reshape_sum_backward(share, x_shape, self.axis, self.keepdims), x_shape)


def _reduced_count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements go into one of a reduction's results."""
    kept = utils.kept_shape(shape, axis)
    return math.prod(size for size, left in zip(shape, kept, strict=True) if size != left)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Mean of x; arguments as in `sum`.

    Raises:
        ValueError: nothing to take the mean of, an axis of length 0.

    Example:
        >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=-1)
        variable([1.5 3.5])
    """
    x, axis = as_input(x), _axes(axis)
    if x.size == 0 and _reduced_count(x.shape, axis) == 0:
        raise ValueError(f"x must have an element to take the mean of; got shape {x.shape}, axis {axis}")
    return Mean(axis, keepdims)(x)


average = mean


class SumTo(Function):
    """Sum down to a shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        return utils.sum_to(x, self.shape)

    def backward(self, gy: Variable) -> Any:
        return broadcast_to(gy, self.inputs[0].shape)


def sum_to(x: Any, shape: tuple[int, ...]) -> Variable:
    """Sum x over the axes along which `shape` would be broadcast to x's: the adjoint of `broadcast_to`.

    Raises:
        ValueError: `shape` does not broadcast to x's shape.

    Example:
        >>> sum_to(np.ones((2, 3)), (1, 3))
        variable([[2. 2. 2.]])
    """
    if as_input(x).shape == shape:
        return as_variable(x)
    return SumTo(shape)(x)


class BroadcastTo(Function):
    """Repeat along axes of length 1 and new leading axes."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        return get_array_module(x).broadcast_to(x, self.shape)

    def backward(self, gy: Variable) -> Any:
        return sum_to(gy, self.inputs[0].shape)


def broadcast_to(x: Any, shape: tuple[int, ...]) -> Variable:
    """Repeat x along its axes of length 1, and along new leading ones, up to `shape`.

    Raises:
        ValueError: x's shape does not broadcast to `shape`.

    Example:
        >>> broadcast_to(np.array([1.0, 2.0]), (2, 2))
        variable([[1. 2.]
                  [1. 2.]])
    """
    if as_input(x).shape == shape:
        return as_variable(x)
    return BroadcastTo(shape)(x)


# --------------------------------------------------------------------------------------------------- extremes


class Max(Function):
    """Maximum over axes; each element that equals it takes the gradient, as in DeZero."""

    def __init__(self, axis: Any = None, keepdims: bool = False) -> None:
        self.axis = axis
        self.keepdims = keepdims

    def forward(self, x: Any) -> Any:
        return x.max(axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Variable) -> Any:
        (x,) = self.inputs
        y: Any = self.outputs[0]()
        kept = utils.kept_shape(x.shape, self.axis)
        chosen = (x.data == y.data.reshape(kept)).astype(x.dtype)
        return broadcast_to(reshape(gy, kept), x.shape) * chosen


class Min(Max):
    """Minimum over axes; each element that equals it takes the gradient, as in DeZero."""

    def forward(self, x: Any) -> Any:
        return x.min(axis=self.axis, keepdims=self.keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Maximum of x; arguments as in `sum`. Where several elements are the maximum, each takes the gradient.

    Raises:
        ValueError: nothing to choose from, an axis of length 0.

    Example:
        >>> max(np.array([[1.0, 2.0], [4.0, 3.0]]), axis=1)
        variable([2. 4.])
    """
    return Max(_axes(axis), keepdims)(x)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Minimum of x, as `max`.

    Example:
        >>> min(np.array([[1.0, 2.0], [4.0, 3.0]]), axis=1)
        variable([1. 3.])
    """
    return Min(_axes(axis), keepdims)(x)
