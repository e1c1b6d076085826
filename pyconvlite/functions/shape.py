"""Shape manipulation, concatenation and splitting."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .._arguments import as_axis, integer, one_axis
from .._shapes import Array, as_shape, axes_of
from ..autograd import Function, Variable, as_input
from ..backends import get_array_module
from .indexing import get_item


class Reshape(Function):
    """Change of shape."""

    reads_inputs = reads_outputs = False

    def __init__(self, shape: Any) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Any:
        return x.reshape(self.shape)

    def _check_shapes(self, xs: Sequence[Any], error: Exception) -> None:
        (x,) = xs
        raise ValueError(
            f"shape must have as many elements as x, {x.size}, and at most one -1, which is inferred; got "
            f"{self.shape} for x of shape {x.shape}"
        ) from error

    def backward(self, gy: Variable) -> Any:
        return reshape(gy, self.inputs[0].shape)


def reshape(x: Any, shape: Any) -> Variable:
    """Change the shape of x (book step 38).

    Args:
        x: Variable or array.
        shape: an integer or a sequence of integers; one of them may be -1, which is then inferred.

    Raises:
        TypeError: `shape` is none of these.
        ValueError: x cannot be reshaped to `shape`.

    Example:
        >>> reshape(np.arange(6), (2, 3))
        variable([[0 1 2]
                  [3 4 5]])
    """
    shape = as_shape(shape)
    v = as_input(x, "x")
    return v if v.shape == shape else Reshape(shape)(x)


def flatten(x: Any) -> Variable:
    """Merge all axes of x but the first: (N, ...) to (N, features).

    Raises:
        ValueError: x has fewer than 2 axes.

    Example:
        >>> flatten(np.zeros((2, 3, 4))).shape
        (2, 12)
    """
    x = as_input(x, "x")
    if x.ndim < 2:
        raise ValueError(f"x must have at least 2 axes, of which the first is the batch; got shape {x.shape}")
    return reshape(x, (x.shape[0], math.prod(x.shape[1:])))


def expand_dims(x: Any, axis: int) -> Variable:
    """Insert a new axis of length 1 at index `axis` of the result's shape.

    Raises:
        TypeError: `axis` is not an integer.
        ValueError: `axis` is out of range.

    Example:
        >>> expand_dims(np.zeros((2, 3)), 1).shape
        (2, 1, 3)
    """
    x = as_input(x, "x")
    shape = list(x.shape)
    shape.insert(_new_axis(axis, x.shape), 1)
    return reshape(x, tuple(shape))


def _new_axis(axis: Any, shape: tuple[int, ...]) -> int:
    """The index, not negative, of a new axis in arrays of a shape."""
    axis = integer(axis, "axis")
    if not -len(shape) - 1 <= axis <= len(shape):
        raise ValueError(f"axis {axis} is out of range for a new axis in shape {shape}")
    return axis if axis >= 0 else len(shape) + 1 + axis  # type: ignore[no-any-return]


def squeeze(x: Any, axis: Any = None) -> Variable:
    """Remove axes of length 1.

    Args:
        x: Variable or array.
        axis: an axis or a tuple of axes; None for all axes of length 1.

    Raises:
        TypeError: `axis` is not an integer, a tuple of integers or None.
        ValueError: `axis` is out of bounds, or its length is not 1.

    Example:
        >>> squeeze(np.zeros((1, 3, 1))).shape, squeeze(np.zeros((1, 3, 1)), axis=0).shape
        ((3,), (3, 1))
    """
    x = as_input(x, "x")
    axis = as_axis(axis, x.shape)
    if axis is None:
        return reshape(x, tuple(n for n in x.shape if n != 1))
    gone = axes_of(axis, x.ndim)
    if any(x.shape[a] != 1 for a in gone):
        raise ValueError(f"axis must be an axis of length 1; got {axis} for shape {x.shape}")
    return reshape(x, tuple(n for a, n in enumerate(x.shape) if a not in gone))


class Transpose(Function):
    """Permutation of the axes."""

    reads_inputs = reads_outputs = False

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
    """Permute the axes of x (book step 38).

    Args:
        x: Variable or array.
        axes: axis i of the result is axis axes[i] of x; None reverses the axes.

    Raises:
        TypeError: `axes` are not integers.
        ValueError: `axes` is not a permutation of the axes of x.

    Example:
        >>> transpose(np.zeros((2, 3, 4)), (1, 0, 2)).shape
        (3, 2, 4)
    """
    x = as_input(x, "x")
    if axes is not None:
        axes, ndim = as_shape(axes, "axes"), x.ndim
        if sorted([a + ndim if a < 0 else a for a in axes]) != list(range(ndim)):
            raise ValueError(f"axes must be a permutation of x's {ndim} axes; got {axes} for shape {x.shape}")
    return Transpose(axes)(x)


class Concat(Function):
    """Concatenation along an axis."""

    reads_inputs = reads_outputs = False

    def __init__(self, axis: int = 0) -> None:
        self.axis = axis

    def forward(self, *xs: Array) -> Any:
        return get_array_module(xs[0]).concatenate(xs, axis=self.axis)

    def _check_shapes(self, xs: Sequence[Any], error: Exception) -> None:
        shapes = [x.shape for x in xs]
        if len({(*shape[: self.axis], *shape[self.axis + 1 :]) for shape in shapes}) > 1:
            raise ValueError(
                f"xs must have the same lengths in all axes but axis {self.axis}; got shapes "
                f"{', '.join(map(str, shapes))}"
            ) from error

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
    """Concatenate Variables or arrays along an existing axis; the lengths of the other axes must match.

    Args:
        xs: list or tuple of Variables or arrays.
        axis: the axis; a negative one counts from the end.

    Raises:
        TypeError: `axis` is not an integer, or `xs` cannot be iterated over.
        ValueError: `xs` is empty or of 0-d arrays, `axis` is out of bounds, or the shapes do not match.

    Example:
        >>> concat([np.array([1.0, 2.0]), np.array([3.0])])
        variable([1. 2. 3.])
    """
    xs = _inputs(xs)
    if xs[0].ndim == 0:
        raise ValueError("xs must have the axis to concatenate along; 0-d arrays have none: use F.stack")
    return Concat(one_axis(axis, xs[0].shape))(*xs)


class Stack(Function):
    """Concatenation along a new axis."""

    reads_inputs = reads_outputs = False

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *xs: Array) -> Any:
        new = (*[slice(None)] * self.axis, None)
        return get_array_module(xs[0]).concatenate([x[new] for x in xs], axis=self.axis)

    def backward(self, gy: Variable) -> Any:
        before = (slice(None),) * self.axis
        return tuple(get_item(gy, (*before, i)) for i in range(len(self.inputs)))


def stack(xs: Sequence[Any], axis: int = 0) -> Variable:
    """Concatenate Variables or arrays of the same shape along a new axis.

    Args:
        xs: Variables or arrays.
        axis: index of the new axis in the result's shape; a negative one counts from the end.

    Raises:
        TypeError, ValueError: as in `concat`, or the shapes differ.

    Example:
        >>> stack([np.array([1.0, 2.0]), np.array([3.0, 4.0])], axis=1)
        variable([[1. 3.]
                  [2. 4.]])
    """
    xs = _inputs(xs)
    if len({x.shape for x in xs}) > 1:
        raise ValueError(f"xs must all have the same shape; got {', '.join(str(x.shape) for x in xs)}")
    return Stack(_new_axis(axis, xs[0].shape))(*xs)


def _inputs(xs: Iterable[Any]) -> list[Variable]:
    """The elements of xs as Variables; there must be at least one."""
    try:
        given = iter(xs)
    except TypeError:
        raise TypeError(f"xs must be a list or tuple of arrays; got {type(xs).__name__}") from None
    inputs = [as_input(x, "each element of xs") for x in given]
    if not inputs:
        raise ValueError("xs must contain at least one array; got an empty sequence")
    return inputs


class Split(Function):
    """Parts of an array along an axis."""

    reads_inputs = reads_outputs = False

    def __init__(self, stops: Sequence[int], axis: int) -> None:
        self.stops = stops
        self.axis = axis

    def forward(self, x: Array) -> Any:
        before = (slice(None),) * self.axis
        return tuple(x[(*before, slice(*ends))] for ends in zip([0, *self.stops], self.stops, strict=False))

    def backward(self, *gys: Variable) -> Any:
        return concat(gys, self.axis)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Variable]:
    """Split x along an axis, as in `numpy.split`.

    Args:
        x: Variable or array.
        indices_or_sections: a number of parts of equal length; or the indices where parts begin, except the
            first part, ascending. In PyTorch a number is the length of each part instead.
        axis: the axis.

    Raises:
        TypeError: an argument is not an integer, or a sequence of them.
        ValueError: `axis` is out of bounds, the parts would not be equal, or the indices are not ascending
            or not in the axis.

    Example:
        >>> split(np.arange(6), 2), split(np.arange(6), [1, 4])
        ([variable([0 1 2]), variable([3 4 5])], [variable([0]), variable([1 2 3]), variable([4 5])])
    """
    x = as_input(x, "x")
    axis = one_axis(axis, x.shape)
    size, given = x.shape[axis], indices_or_sections
    kind = "an integer or a sequence of integers"
    if isinstance(given, tuple | list | np.ndarray) and np.ndim(given):
        stops = [*(integer(i, "indices_or_sections", kind, given) for i in given), size]
        if sorted(stops) != stops or stops[0] < 0:
            raise ValueError(
                f"indices_or_sections must ascend from 0 to {size}, the length of axis {axis}; got {given}"
            )
    else:
        sections = integer(given, "indices_or_sections", kind)
        if sections < 1 or size % sections:
            raise ValueError(
                f"indices_or_sections must divide the length of axis {axis}, {size}; got {sections}"
            )
        stops = [size // sections * (i + 1) for i in range(sections)]
    parts = Split(stops, axis)(x)
    return [parts] if len(stops) == 1 else list(parts)
