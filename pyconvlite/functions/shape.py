"""Functions that move elements: shapes, axes, parts, joining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._shapes import Array, check_axes, pair
from ..autograd import Function, Variable, as_input, as_variable
from ..backends import get_array_module, is_array, kernels

# ----------------------------------------------------------------------------------------------------- moving


class Reshape(Function):
    """The same elements in another shape."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Any:
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

    def forward(self, x: Array) -> Any:
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

    Raises:
        ValueError: axes that do not name each axis once.

    Example:
        >>> transpose(np.zeros((2, 3, 4)), (1, 0, 2)).shape
        (3, 2, 4)
    """
    ndim = as_input(x).ndim
    if axes is not None and sorted(a + ndim if a < 0 else a for a in axes) != list(range(ndim)):
        raise ValueError(
            f"axes must name each of x's {ndim} axes once; got {tuple(axes)} for shape {x.shape}"
        )
    return Transpose(axes)(x)


class GetItem(Function):
    """A part of an array."""

    def __init__(self, slices: Any) -> None:
        self.slices = slices

    def forward(self, x: Array) -> Any:
        return x[self.slices]

    def backward(self, gy: Variable) -> Any:
        return GetItemGrad(self.slices, self.inputs[0].shape)(gy)


class GetItemGrad(Function):
    """Adjoint of GetItem: zeros, with gy added at the part; an element taken twice gets both.

    Example:
        >>> GetItemGrad([0, 0, 2], (3,))(np.ones(3))
        variable([2. 0. 1.])
    """

    def __init__(self, slices: Any, in_shape: tuple[int, ...]) -> None:
        self.slices = slices
        self.in_shape = in_shape

    def forward(self, gy: Array) -> Any:
        xp = get_array_module(gy)
        gx = xp.zeros(self.in_shape, gy.dtype)
        parts = self.slices if isinstance(self.slices, tuple) else (self.slices,)
        if any(isinstance(part, list) or is_array(part) for part in parts):
            xp.add.at(gx, self.slices, gy)
        else:  # nothing is taken twice
            gx[self.slices] = gy
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

    def forward(self, *xs: Array) -> Any:
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


def stack(xs: Sequence[Any], axis: int = 0) -> Variable:
    """Variables or arrays of one shape, joined along a new axis.

    Raises:
        ValueError: no array at all, or shapes that differ.

    Example:
        >>> stack([np.array([1.0, 2.0]), np.array([3.0, 4.0])], axis=1)
        variable([[1. 3.]
                  [2. 4.]])
    """
    if len({as_input(x).shape for x in xs}) > 1:
        raise ValueError(f"xs must have one shape; got {', '.join(str(x.shape) for x in xs)}")
    return concat([expand_dims(x, axis) for x in xs], axis)


class Pad(Function):
    """A frame of one value around an array."""

    def __init__(self, pad_width: tuple[tuple[int, int], ...], value: float = 0) -> None:
        self.pad_width = pad_width
        self.value = value

    def forward(self, x: Array) -> Any:
        return get_array_module(x).pad(x, self.pad_width, constant_values=self.value)

    def backward(self, gy: Variable) -> Any:
        inner = tuple(
            slice(before, before + size)
            for (before, _), size in zip(self.pad_width, self.inputs[0].shape, strict=True)
        )
        return get_item(gy, inner)


def pad(x: Any, pad_width: Any, value: float = 0) -> Variable:
    """X with elements of one value added at the ends of its axes.

    Args:
        x: Variable or array.
        pad_width: how many: a number for every end, a pair (before, after) for every axis, or a pair or a
            number for each axis in turn.
        value: what to add.

    Raises:
        TypeError: a width that is no integer.
        ValueError: a negative width, or not one entry for each axis.

    Example:
        >>> pad(np.ones((1, 2)), ((0, 1), (1, 0)))
        variable([[0. 1. 1.]
                  [0. 0. 0.]])
    """
    ndim = as_input(x).ndim
    nested = isinstance(pad_width, tuple | list) and any(isinstance(w, tuple | list) for w in pad_width)
    widths = list(pad_width) if nested else [pad_width] * ndim
    if len(widths) != ndim:
        raise ValueError(f"pad_width must have an entry for each of x's {ndim} axes; got {pad_width}")
    ends = [pair(width, "pad_width") for width in widths]
    if any(width < 0 for end in ends for width in end):
        raise ValueError(f"pad_width must not be negative; got {pad_width}")
    return Pad(tuple(ends), value)(x)


def embed_id(x: Any, W: Any) -> Variable:
    """A row of W for each number in x (word embedding).

    Args:
        x: integers from 0 to rows - 1, of any shape.
        W: (rows, size).

    Returns:
        (*x.shape, size).

    Raises:
        TypeError: x holds no integers.
        ValueError: a number out of range; for numbers on a device, raised by the next copy from it.

    Example:
        >>> embed_id(np.array([1, 0]), np.array([[0.1, 0.2], [0.3, 0.4]]))
        variable([[0.3 0.4]
                  [0.1 0.2]])
    """
    x, W = as_input(x), as_input(W)
    check_axes(W.shape, "(rows, size)", "W")
    if x.dtype.kind not in "iu":
        raise TypeError(f"x must hold integers, the index of a row of W each; got {x.dtype}")
    ids: Array = x.data
    rows: int = len(W)
    kernels(ids).check_indexes(ids, rows, "x, which names rows of W,")
    return get_item(W, ids)
