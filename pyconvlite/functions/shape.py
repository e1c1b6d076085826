"""Shape manipulation, indexing and concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._arguments import integer
from .._shapes import Array, check_axes, has_index_arrays
from ..autograd import Function, Variable, as_input, as_variable
from ..backends import get_array_module, kernels


class Reshape(Function):
    """Change of shape."""

    reads_inputs = reads_outputs = False

    def __init__(self, shape: Any) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Any:
        return x.reshape(self.shape)

    def backward(self, gy: Variable) -> Any:
        return reshape(gy, self.inputs[0].shape)


def reshape(x: Any, shape: Any) -> Variable:
    """Change the shape of x.

    Args:
        x: Variable or array.
        shape: an integer or a sequence of integers; one of them may be -1, which is then inferred.

    Raises:
        ValueError: x cannot be reshaped to `shape`.

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
    """Merge all axes of x but the first: (N, ...) to (N, features).

    Raises:
        ValueError: x has fewer than 2 axes.

    Example:
        >>> flatten(np.zeros((2, 3, 4))).shape
        (2, 12)
    """
    x = as_input(x)
    if x.ndim < 2:
        raise ValueError(f"x must have at least 2 axes, of which the first is the batch; got shape {x.shape}")
    return reshape(x, (x.shape[0], int(np.prod(x.shape[1:]))))


def expand_dims(x: Any, axis: int) -> Variable:
    """Insert a new axis of length 1 at index `axis` of the result's shape.

    Raises:
        TypeError: `axis` is not an integer.
        ValueError: `axis` is out of range.

    Example:
        >>> expand_dims(np.zeros((2, 3)), 1).shape
        (2, 1, 3)
    """
    x = as_input(x)
    shape = list(x.shape)
    axis = integer(axis, "axis", axis)
    if not -len(shape) - 1 <= axis <= len(shape):
        raise ValueError(f"axis {axis} is out of range for a new axis in shape {tuple(shape)}")
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, 1)
    return reshape(x, tuple(shape))


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
    """Permute the axes of x.

    Args:
        x: Variable or array.
        axes: axis i of the result is axis axes[i] of x; None reverses the axes.

    Raises:
        ValueError: `axes` is not a permutation of the axes of x.

    Example:
        >>> transpose(np.zeros((2, 3, 4)), (1, 0, 2)).shape
        (3, 2, 4)
    """
    ndim = as_input(x).ndim
    if axes is not None and sorted(a + ndim if a < 0 else a for a in axes) != list(range(ndim)):
        raise ValueError(
            f"axes must be a permutation of x's {ndim} axes; got {tuple(axes)} for shape {x.shape}"
        )
    return Transpose(axes)(x)


class GetItem(Function):
    """Indexing, x[slices]."""

    reads_inputs = reads_outputs = False

    def __init__(self, slices: Any) -> None:
        self.slices = slices

    def forward(self, x: Array) -> Any:
        return x[self.slices]

    def backward(self, gy: Variable) -> Any:
        return GetItemGrad(self.slices, self.inputs[0].shape)(gy)


class GetItemGrad(Function):
    """Adjoint of GetItem: zeros with gy added at the index; repeated elements accumulate.

    Example:
        >>> GetItemGrad([0, 0, 2], (3,))(np.ones(3))
        variable([2. 0. 1.])
    """

    reads_inputs = reads_outputs = False

    def __init__(self, slices: Any, in_shape: tuple[int, ...]) -> None:
        self.slices = slices
        self.in_shape = in_shape

    def forward(self, gy: Array) -> Any:
        xp = get_array_module(gy)
        gx = xp.zeros(self.in_shape, gy.dtype)
        if has_index_arrays(self.slices if isinstance(self.slices, tuple) else (self.slices,)):
            xp.add.at(gx, self.slices, gy)
        else:  # basic indexing does not repeat elements
            gx[self.slices] = gy
        return gx

    def backward(self, ggx: Variable) -> Any:
        return get_item(ggx, self.slices)


def get_item(x: Any, slices: Any) -> Variable:
    """x[slices], indexed as in NumPy: by integers, slices, `...`, arrays, or a tuple of them.

    Args:
        x: Variable or array.
        slices: the index; it may be or contain Variables.

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
    """Concatenation along an axis."""

    reads_inputs = reads_outputs = False

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
    """Concatenate Variables or arrays along an existing axis; the lengths of the other axes must match.

    Raises:
        TypeError: `axis` is not an integer.
        ValueError: `xs` is empty, or the shapes do not match.

    Example:
        >>> concat([np.array([1.0, 2.0]), np.array([3.0])])
        variable([1. 2. 3.])
    """
    if len(xs) == 0:
        raise ValueError("xs must contain at least one array; it is empty")
    return Concat(integer(axis, "axis", axis))(*xs)


def stack(xs: Sequence[Any], axis: int = 0) -> Variable:
    """Concatenate Variables or arrays of the same shape along a new axis.

    Raises:
        ValueError: `xs` is empty, or the shapes differ.

    Example:
        >>> stack([np.array([1.0, 2.0]), np.array([3.0, 4.0])], axis=1)
        variable([[1. 3.]
                  [2. 4.]])
    """
    if len({as_input(x).shape for x in xs}) > 1:
        raise ValueError(f"xs must all have the same shape; got {', '.join(str(x.shape) for x in xs)}")
    return concat([expand_dims(x, axis) for x in xs], axis)


def embed_id(x: Any, W: Any) -> Variable:
    """Rows of W at the indexes x (word embedding).

    Args:
        x: indexes of any shape, integers from 0 to rows - 1.
        W: Variable or array of shape (rows, size).

    Returns:
        A Variable of shape (*x.shape, size).

    Raises:
        TypeError: x is not an integer array.
        ValueError: W does not have 2 axes, or an index is out of range; for indexes on a device, the next
            copy from the device raises it.

    Example:
        >>> embed_id(np.array([1, 0]), np.array([[0.1, 0.2], [0.3, 0.4]]))
        variable([[0.3 0.4]
                  [0.1 0.2]])
    """
    x, W = as_input(x), as_input(W)
    check_axes(W.shape, "(rows, size)", "W")
    if x.dtype.kind not in "iu":
        raise TypeError(f"x must hold integers, the indexes of rows of W; got {x.dtype}")
    ids: Array = x.data
    rows: int = len(W)
    kernels(ids).check_indexes(ids, rows, "indexes in x")
    return get_item(W, ids)
