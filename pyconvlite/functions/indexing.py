"""Indexing: x[index], gathering along an axis, flipping, one-hot labels, rows of a table."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .._arguments import as_axis, at_least, number_dtype, one_axis
from .._shapes import Array, axes_of, check_axes, has_index_arrays
from ..autograd import Function, Variable, as_input
from ..backends import get_array_module, is_array, kernels


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
        slices = self.slices
        if is_array(slices) and slices.dtype.kind in "iu" and slices.ndim:
            index: Array = slices
            return kernels(gy).rows_grad(gy, index, self.in_shape[0])
        xp = get_array_module(gy)
        if has_index_arrays(slices if isinstance(slices, tuple) else (slices,)):
            dtype = "float32" if gy.dtype == "float16" else gy.dtype  # a sum of many float16 loses terms
            gx = xp.zeros(self.in_shape, dtype)
            xp.add.at(gx, slices, gy)
            return gx.astype(gy.dtype, copy=False)
        gx = xp.zeros(self.in_shape, gy.dtype)
        gx[slices] = gy  # basic indexing does not repeat elements
        return gx

    def backward(self, ggx: Variable) -> Any:
        return get_item(ggx, self.slices)


def get_item(x: Any, slices: Any) -> Variable:
    """x[slices], indexed as in NumPy: by integers, slices, `...`, arrays, or a tuple of them (book step 47).

    Args:
        x: Variable or array.
        slices: the index; it may be or contain Variables. An array in it is kept for backward: do not write
            into it before. On a device, a mask must be on the CPU, since the number of elements that it
            selects is part of the shape.

    Raises:
        IndexError: the index does not fit the shape of x.

    Example:
        >>> get_item(np.array([[1, 2], [3, 4]]), (slice(None), 1))
        variable([2 4])
    """
    return GetItem(tuple(map(_index, slices)) if isinstance(slices, tuple) else _index(slices))(x)


def _index(index: Any) -> Any:
    """One part of an index. A list is copied: it may have grown by the time of backward."""
    if isinstance(index, Variable):
        return index.data
    return copy.deepcopy(index) if isinstance(index, list) else index


def flip(x: Any, axis: Any = None) -> Variable:
    """Reverse the order of the elements along an axis, a tuple of axes, or all axes (None).

    Raises:
        TypeError: `axis` is not an integer, a tuple of integers or None.
        ValueError: `axis` is out of bounds.

    Example:
        >>> flip(np.array([[1, 2], [3, 4]]), axis=1)
        variable([[2 1]
                  [4 3]])
    """
    x = as_input(x, "x")
    axis = as_axis(axis, x.shape)
    axes = axes_of(axis, x.ndim)
    return get_item(x, tuple(slice(None, None, -1 if a in axes else None) for a in range(x.ndim)))


def gather(x: Any, indexes: Any, axis: int) -> Variable:
    """Elements of x along an axis, chosen by an index for each: y[i, j] = x[i, indexes[i, j]] for axis 1.

    An element that is chosen several times gets the sum of the gradients.

    Args:
        x: Variable or array.
        indexes: integers, with as many axes as x; no axis except `axis` is longer than that of x.
            Negative ones count from the end, which PyTorch refuses.
        axis: the axis.

    Returns:
        A Variable in the shape of `indexes`.

    Raises:
        TypeError: `indexes` are not integers, or `axis` is not an integer.
        ValueError: the shapes do not match, or `axis` is out of bounds.
        IndexError: an index is out of bounds; for indices on a device, the next copy from there raises it.

    Source: PyTorch's gather; `numpy.take_along_axis` for equal shapes.

    Example:
        >>> gather(np.array([[1, 2], [3, 4]]), np.array([[1], [0]]), axis=1)
        variable([[2]
                  [3]])
    """
    x, at = as_input(x, "x"), as_input(indexes, "indexes").data
    axis = one_axis(axis, x.shape)
    if at.dtype.kind not in "iu":
        raise TypeError(f"indexes must hold integers; got {at.dtype}")
    if at.ndim != x.ndim or any(
        n > m for i, (n, m) in enumerate(zip(at.shape, x.shape, strict=False)) if i != axis
    ):
        raise ValueError(
            f"indexes must have as many axes as x, none longer except axis {axis}; got shapes {at.shape} and "
            f"{x.shape}"
        )
    xp = get_array_module(x)
    places = [
        at if i == axis else xp.arange(n).reshape([n if i == j else 1 for j in range(x.ndim)])
        for i, n in enumerate(at.shape)
    ]
    return get_item(x, tuple(places))


def one_hot(t: Any, classes: int, dtype: Any = np.float32) -> Variable:
    """1 at the label and 0 elsewhere, along a new last axis; it has no gradient.

    Args:
        t: labels of any shape, integers from 0 to classes - 1.
        classes: number of classes.
        dtype: dtype of the result.

    Returns:
        A Variable of shape (*t.shape, classes).

    Raises:
        TypeError: the labels are not integers, `classes` is not an integer, or `dtype` is not one of numbers.
        ValueError: a label is out of range, or `classes` is less than 1; for labels on a device, the next
            copy from there raises it.

    Example:
        >>> one_hot(np.array([2, 0]), 3)
        variable([[0. 0. 1.]
                  [1. 0. 0.]])
    """
    labels: Array = as_input(t, "t").data
    at_least(1, classes, "classes")
    if labels.dtype.kind not in "iu":
        raise TypeError(f"t must hold integers, the labels; got {labels.dtype}")
    kernels(labels).check_indexes(labels, classes, "labels in t")
    hot = labels[..., None] == get_array_module(labels).arange(classes)
    return as_input(hot.astype(number_dtype(dtype)))


def embed_id(x: Any, W: Any) -> Variable:
    """Rows of W at the indices x (word embedding).

    Args:
        x: indices of any shape, integers from 0 to rows - 1.
        W: Variable or array of shape (rows, size).

    Returns:
        A Variable of shape (*x.shape, size).

    Raises:
        TypeError: x is not an integer array.
        ValueError: W does not have 2 axes, or an index is out of range; for indices on a device, the next
            copy from the device raises it.

    Example:
        >>> embed_id(np.array([1, 0]), np.array([[0.1, 0.2], [0.3, 0.4]]))
        variable([[0.3 0.4]
                  [0.1 0.2]])
    """
    x, W = as_input(x, "x"), as_input(W, "W")
    check_axes(W.shape, "(rows, size)", "W")
    if x.dtype.kind not in "iu":
        raise TypeError(f"x must hold integers, the indices of rows of W; got {x.dtype}")
    ids: Array = x.data
    rows: int = len(W)
    kernels(ids).check_indexes(ids, rows, "indexes in x")
    return get_item(W, ids)
