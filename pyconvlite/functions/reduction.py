"""Reductions (sum, mean, variance, product, maximum, minimum), cumulative sums and broadcasting."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _shapes
from .._arguments import as_axis, at_least, boolean, integer, one_axis
from .._shapes import Array, as_shape
from ..autograd import Function, Variable, as_input
from ..backends import get_array_module, kernels
from .casts import cast
from .indexing import flip
from .math import sqrt
from .selection import where
from .shape import concat, reshape, transpose

# ----------------------------------------------------------------------------------------- sums, broadcasting


class _Reduction(Function):
    """Base of Sum, Mean, Max and Min: their arguments."""

    def __init__(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> None:
        self.axis = axis
        self.keepdims = keepdims if type(keepdims) is bool else boolean(keepdims, "keepdims")

    def _spread(self, gy: Variable) -> Variable:
        """A gradient of the output for each element of the input."""
        x_shape = self.inputs[0].shape
        return broadcast_to(reshape(gy, _shapes.kept_shape(x_shape, self.axis)), x_shape)


class Sum(_Reduction):
    """Sum over axes."""

    reads_inputs = reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).sum(x, self.axis, self.keepdims)

    def backward(self, gy: Variable) -> Any:
        return self._spread(gy)


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Sum of x (book step 39).

    Args:
        x: Variable or array.
        axis: an axis or a tuple of axes to sum over; negative axes count from the end; None for all.
        keepdims: keep the reduced axes, with length 1.

    Raises:
        TypeError: `axis` is not an integer, a tuple of integers or None; or `keepdims` is not True or False.
        ValueError: `axis` is out of bounds.

    Example:
        >>> import numpy as np
        >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
        variable([4. 6.])
    """
    x = as_input(x, "x")
    return Sum(as_axis(axis, x.shape), keepdims)(x)


class Mean(_Reduction):
    """Mean over axes; float16 is divided before it is rounded, so a large sum does not overflow.

    Example:
        >>> import numpy as np
        >>> Mean(axis=None, keepdims=False)(np.full(70000, 1.0, np.float16))  # their sum overflows float16
        variable(1.0)
    """

    reads_inputs = reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).mean(x, self.axis, self.keepdims)

    def backward(self, gy: Variable) -> Any:
        count = _reduced_count(self.inputs[0].shape, self.axis)
        step = 2 ** builtins.max(0, count.bit_length() - 15)
        share = gy / (count / step)
        if step > 1:  # the count, or its inverse, may be too large or too small for float16
            share = share / step
        return self._spread(share)


def check_elements(x: Variable, axis: Any, name: str) -> None:
    """Raise ValueError if the reduction `name` of x would be of no elements."""
    if x.size == 0 and _reduced_count(x.shape, axis) == 0:
        raise ValueError(f"{name} of zero elements is undefined: x has shape {x.shape} and axis is {axis}")


def _reduced_count(shape: tuple[int, ...], axis: Any) -> int:
    """Number of input elements per output element of a reduction."""
    kept = _shapes.kept_shape(shape, axis)
    return math.prod(size for size, left in zip(shape, kept, strict=True) if size != left)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Mean of x; arguments as in `sum`.

    Raises:
        TypeError, ValueError: as in `sum`, or the mean is over zero elements.

    Example:
        >>> import numpy as np
        >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=-1)
        variable([1.5 3.5])
    """
    x = as_input(x, "x")
    axis = as_axis(axis, x.shape)
    check_elements(x, axis, "mean")
    return Mean(axis, keepdims)(x)


average = mean


def var(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Variable:
    """Variance of x: the mean squared distance from the mean.

    Args:
        x: Variable or array.
        axis: as in `sum`.
        ddof: the divisor is the number of elements minus ddof, an integer; 1 gives the unbiased estimate,
            which is PyTorch's default.
        keepdims: as in `sum`.

    Raises:
        TypeError: as in `sum`, or `ddof` is not an integer.
        ValueError: as in `sum`, or there are not more elements than ddof.

    Example:
        >>> import numpy as np
        >>> var(np.array([1.0, 3.0])), var(np.array([1.0, 3.0]), ddof=1)
        (variable(1.0), variable(2.0))
    """
    x = as_input(x, "x")
    if x.dtype == np.float16:  # whose squares may overflow
        return cast(var(cast(x, np.float32), axis, ddof, keepdims), np.float16)
    axis, ddof = as_axis(axis, x.shape), integer(ddof, "ddof")
    count = _reduced_count(x.shape, axis)
    if count <= builtins.max(ddof, 0):
        raise ValueError(f"x must have more than ddof={ddof} elements along axis {axis}; got shape {x.shape}")
    distance = x - mean(x, axis, keepdims=True)
    return mean(distance * distance, axis, keepdims) * (count / (count - ddof))


def std(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Variable:
    """Standard deviation of x, the square root of `var`; arguments and errors as there.

    Where all elements are equal it is 0, and so is its gradient.

    Example:
        >>> import numpy as np
        >>> std(np.array([1.0, 3.0])), std(np.array([1.0, 3.0]), ddof=1)
        (variable(1.0), variable(1.4142135623730951))
    """
    x = as_input(x, "x")
    if x.dtype == np.float16:
        return cast(std(cast(x, np.float32), axis, ddof, keepdims), np.float16)
    return root(var(x, axis, ddof, keepdims))


def root(y: Variable) -> Variable:
    """Square root of a sum of squares; at 0, where the gradient of `sqrt` is infinite, it is 0.

    Example:
        >>> import numpy as np
        >>> y = Variable(np.array([0.0, 4.0]))
        >>> root(y).sum().backward()
        >>> y.grad
        variable([0.   0.25])
    """
    positive = y > 0
    return where(positive, sqrt(where(positive, y, 1)), y * 0)


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Product of x; arguments and errors as in `sum`. The product of zero elements is 1.

    Halves are multiplied element-wise, so gradients need no division and are right at zeros.

    Example:
        >>> import numpy as np
        >>> prod(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
        variable([3. 8.])
    """
    x = as_input(x, "x")
    axis = as_axis(axis, x.shape)
    kept = _shapes.kept_shape(x.shape, axis)
    reduced = _shapes.axes_of(axis, x.ndim)
    order = sorted(range(x.ndim), key=lambda a: a in reduced)
    shape = tuple(x.shape[a] for a in order if a not in reduced)
    n = math.prod(x.shape[a] for a in reduced)
    y = reshape(transpose(x, order), (*shape, n))
    if x.dtype.kind != "f":
        y = y.astype(x.data.reshape(-1)[:0].sum().dtype)  # as NumPy does for sums and products
    if n == 0:
        y = sum(y, -1, keepdims=True) + 1
    while n > 1:
        half = n // 2
        product = y[..., :half] * y[..., half : 2 * half]
        y = concat([product, y[..., 2 * half :]], -1) if n % 2 else product
        n -= half
    return reshape(y, kept if boolean(keepdims, "keepdims") else shape)


class CumSum(Function):
    """Cumulative sum along an axis."""

    reads_inputs = reads_outputs = False

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Any:
        cumsum = get_array_module(x).cumsum
        if x.dtype == "float16":  # which holds no more than 2048 ones
            return cumsum(x.astype("float32"), axis=self.axis).astype(x.dtype)
        return cumsum(x, axis=self.axis)

    def backward(self, gy: Variable) -> Any:
        return flip(cumsum(flip(gy, self.axis), self.axis), self.axis)


def cumsum(x: Any, axis: int | None = None) -> Variable:
    """Cumulative sum of x: element i of the result is the sum of the elements up to i.

    Args:
        x: Variable or array.
        axis: an axis; None flattens x first.

    Raises:
        TypeError: `axis` is neither an integer nor None.
        ValueError: `axis` is out of bounds.

    Example:
        >>> import numpy as np
        >>> cumsum(np.array([1.0, 2.0, 3.0]))
        variable([1. 3. 6.])
    """
    x = as_input(x, "x")
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    axis = one_axis(axis, x.shape)
    return CumSum(axis)(x)


class SumTo(Function):
    """Sum to a shape, the adjoint of broadcasting."""

    reads_inputs = reads_outputs = False

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Any:
        axes = _shapes.stretched_axes(self.shape, x.shape)
        return kernels(x).sum(x, axes, False).reshape(self.shape)

    def backward(self, gy: Variable) -> Any:
        return broadcast_to(gy, self.inputs[0].shape)


def sum_to(x: Any, shape: tuple[int, ...]) -> Variable:
    """Sum x to `shape`, which broadcasts to x's: the adjoint of `broadcast_to` (book step 40).

    Raises:
        ValueError: `shape` does not broadcast to x's shape.

    Example:
        >>> import numpy as np
        >>> sum_to(np.ones((2, 3)), (1, 3))
        variable([[2. 2. 2.]])
    """
    shape = _shapes.as_shape(shape)
    v = as_input(x, "x")
    return v if v._data.shape == shape else SumTo(shape)(x)


class BroadcastTo(Function):
    """Broadcast to a shape."""

    reads_inputs = reads_outputs = False

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Any:
        return get_array_module(x).broadcast_to(x, self.shape)

    def _check_shapes(self, xs: Sequence[Any], error: Exception) -> None:
        raise ValueError(
            f"x of shape {xs[0].shape} does not broadcast to {self.shape}: its lengths, from the last on, "
            "must be 1 or those of `shape`"
        ) from error

    def backward(self, gy: Variable) -> Any:
        return sum_to(gy, self.inputs[0].shape)


def broadcast_to(x: Any, shape: tuple[int, ...]) -> Variable:
    """Broadcast x to `shape`: repeat it along axes of length 1 and new leading axes (book step 40).

    Raises:
        ValueError: x's shape does not broadcast to `shape`.

    Example:
        >>> import numpy as np
        >>> broadcast_to(np.array([1.0, 2.0]), (2, 2))
        variable([[1. 2.]
                  [1. 2.]])
    """
    shape = as_shape(shape)
    v = as_input(x, "x")
    return v if v.shape == shape else BroadcastTo(shape)(x)


def tile(x: Any, reps: Any) -> Variable:
    """Repeat x, as in `numpy.tile`.

    Args:
        x: Variable or array.
        reps: number of repetitions along each axis, an integer or a sequence of integers; if there are fewer
            than axes, for the last axes; if more, x gets new first axes.

    Raises:
        TypeError: a number is not an integer.
        ValueError: a number is negative.

    Example:
        >>> import numpy as np
        >>> tile(np.array([1.0, 2.0]), (2, 2))
        variable([[1. 2. 1. 2.]
                  [1. 2. 1. 2.]])
    """
    x = as_input(x, "x")
    each = reps if isinstance(reps, tuple | list | np.ndarray) and np.ndim(reps) else (reps,)
    counts = [at_least(0, n, "reps") for n in each]
    ndim = builtins.max(x.ndim, len(counts))
    counts = [1] * (ndim - len(counts)) + counts
    sizes = (1,) * (ndim - x.ndim) + x.shape
    pairs = list(zip(counts, sizes, strict=True))
    y = broadcast_to(
        reshape(x, tuple(n for size in sizes for n in (1, size))), tuple(n for pair in pairs for n in pair)
    )
    return reshape(y, tuple(count * size for count, size in pairs))


# ------------------------------------------------------------------------------------------- maximum, minimum


class Max(_Reduction):
    """Maximum over axes; every element equal to it gets the gradient, as in DeZero, and so does every NaN."""

    def forward(self, x: Array) -> Any:
        return kernels(x).max(x, self.axis, self.keepdims)

    def backward(self, gy: Variable) -> Any:
        x: Array = self.inputs[0].data
        y: Any = self.outputs[0]()
        most: Array = y.data.reshape(_shapes.kept_shape(x.shape, self.axis))
        equal = kernels(x).equal
        is_most = equal(x, most) | ~equal(x, x)  # the maximum of elements with a NaN is NaN
        return self._spread(gy) * is_most


class Min(Max):
    """Minimum over axes; otherwise as Max."""

    def forward(self, x: Array) -> Any:
        return kernels(x).min(x, self.axis, self.keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """Maximum of x; arguments as in `sum`. Each of several equal maxima gets the full gradient, as in DeZero.

    The maximum of elements of which some are NaN is NaN, and each NaN gets the full gradient.

    Raises:
        TypeError, ValueError: as in `sum`, or the maximum is over zero elements.

    Example:
        >>> import numpy as np
        >>> max(np.array([[1.0, 2.0], [4.0, 3.0]]), axis=1)
        variable([2. 4.])
    """
    x = as_input(x, "x")
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
    x = as_input(x, "x")
    axis = as_axis(axis, x.shape)
    check_elements(x, axis, "minimum")
    return Min(axis, keepdims)(x)
