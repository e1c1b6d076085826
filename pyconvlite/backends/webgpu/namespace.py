"""NumPy's functions for arrays on the device, under NumPy's names."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .arithmetic import EXP, INT, LOG, Number, Operands, fill, unary
from .array import asarray, ndarray
from .device import current
from .elementwise import IS_NAN, common_float, elementwise
from .indexing import add_at
from .packing import gathered
from .view import checked_axis, dtype_of

# --------------------------------------------------------------------------------------------------- creation


def array(x: Any, dtype: npt.DTypeLike | None = None) -> ndarray:
    """A new array on the device.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x = webgpu.ones(2)
        ...     assert webgpu.array(x) is not x
    """
    y = asarray(x, dtype)
    return y.copy() if y is x else y


def full(shape: int | Sequence[int], value: float, dtype: npt.DTypeLike | None = None) -> ndarray:
    """An array filled with one number; its default dtype is the device's, see `init`.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.full((2,), 1.5).get().tolist() == [1.5, 1.5]
    """
    sizes = tuple([operator.index(n) for n in (shape if isinstance(shape, Sequence) else (shape,))])
    if min(sizes, default=0) < 0:
        raise ValueError(f"shape must not have negative lengths; got {sizes}")
    return fill(ndarray, sizes, value, dtype_of(dtype or current().dtype))


def zeros(shape: int | Sequence[int], dtype: npt.DTypeLike | None = None) -> ndarray:
    """An array of zeros.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.zeros((2, 3)).shape == (2, 3)
    """
    return full(shape, 0, dtype)


def ones(shape: int | Sequence[int], dtype: npt.DTypeLike | None = None) -> ndarray:
    """An array of ones.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.ones(2).get().tolist() == [1, 1]
    """
    return full(shape, 1, dtype)


def zeros_like(x: ndarray, dtype: npt.DTypeLike | None = None) -> ndarray:
    """Zeros in the shape and dtype of x.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.zeros_like(webgpu.ones(2)).get().tolist() == [0, 0]
    """
    return full(x.shape, 0, dtype or x.dtype)


def ones_like(x: ndarray, dtype: npt.DTypeLike | None = None) -> ndarray:
    """Ones in the shape and dtype of x.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.ones_like(webgpu.zeros(2)).get().tolist() == [1, 1]
    """
    return full(x.shape, 1, dtype or x.dtype)


def arange(*limits: int) -> ndarray:
    """Integers from start (0 by default) to stop - 1, optionally with a step.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.arange(2, 5).get().tolist() == [2, 3, 4]
    """
    return asarray(np.arange(*map(operator.index, limits), dtype=np.int32))


# ----------------------------------------------------------------------------------------- element by element


def exp(x: ndarray) -> ndarray:
    """The exponential of x.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.exp(webgpu.zeros(1)).get() == 1
    """
    return unary("exp", EXP, x)


def log(x: ndarray) -> ndarray:
    """Natural logarithm.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.log(webgpu.ones(1)).get() == 0
    """
    return unary("log", LOG, x)


def log1p(x: ndarray) -> ndarray:
    """log(1 + x), accurate also where 1 + x rounds to 1.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.log1p(webgpu.full((1,), 1e-10)).get() == np.float32(1e-10)
    """
    # After Kahan: the error of u = 1 + x cancels in log(u) * x / (u - 1); the factor is 1 for infinite x.
    u = "(1 + {a})"
    factor = f"select({{a}} / ({u} - 1), F(1), ({u} == F(1)) | ({u} == {{a}}))"
    return unary("log1p", f"select({LOG.format(a=u)} * {factor}, {{a}}, {u} == F(1))", x)


def expm1(x: ndarray) -> ndarray:
    """exp(x) - 1, accurate also where exp(x) rounds to 1.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.expm1(webgpu.full((1,), 1e-10)).get() == np.float32(1e-10)
    """
    # The Taylor series where exp(x) - 1 would cancel.
    series = "{a}"
    for n in range(7, 1, -1):
        series = f"({{a}} / {n} * (1 + {series}))" if n < 7 else "({a} / 7)"
    text = f"select(exp({{a}}) - 1, {{a}} * (1 + {series}), abs({{a}}) < F(0.5))"
    return unary("expm1", f"select({text}, {{a}}, {IS_NAN})", x)


def sign(x: ndarray) -> ndarray:
    """-1, 0 or 1, by the sign of x; NaN for NaN.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.sign(webgpu.asarray([-2.0, 0.0, 3.0])).get().tolist() == [-1, 0, 1]
    """
    number = IS_NAN if x.dtype.kind == "f" else "false"
    return unary("sign", f"select(sign({{a}}), {{a}}, {number})", x, floats=False)


def sqrt(x: ndarray) -> ndarray:
    """Square root.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.sqrt(webgpu.full((1,), 4)).get() == 2
    """
    return unary("sqrt", "sqrt({a})", x)


def sin(x: ndarray) -> ndarray:
    """Sine.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.sin(webgpu.zeros(1)).get() == 0
    """
    return unary("sin", "sin({a})", x)


def cos(x: ndarray) -> ndarray:
    """Cosine.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.cos(webgpu.zeros(1)).get() == 1
    """
    return unary("cos", "cos({a})", x)


def tanh(x: ndarray) -> ndarray:
    """Hyperbolic tangent.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.tanh(webgpu.zeros(1)).get() == 0
    """
    # Some implementations overflow beyond 40 (tanh(10) is 1 in float32), and are inaccurate near 0.
    far, square = "tanh(clamp({a}, F(-20), F(20)))", "({a} * {a})"
    near = f"{{a}} * (1 - {square} * (1 / 3.0 - {square} * (2 / 15.0)))"
    return unary("tanh", f"select(select({far}, {near}, abs({{a}}) < F(0.1)), {{a}}, {IS_NAN})", x)


def abs(x: ndarray) -> ndarray:
    """Absolute value.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.abs(webgpu.asarray([-1, 2])).get().tolist() == [1, 2]
    """
    return unary("absolute", "abs({a})", x, floats=False)


def isfinite(x: ndarray) -> ndarray:
    """Whether each element is neither infinite nor NaN.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.isfinite(webgpu.asarray([1.0, np.inf])).get().tolist() == [True, False]
    """
    # By the bits, as comparisons may assume that no number is NaN.
    text = "(bitcast<B>(a) & B(0x7fffffffu)) < B(0x7f800000u)" if x.dtype.kind == "f" else "a == a"
    return elementwise("isfinite", text, [x], dtype=np.bool_)


def where(condition: ndarray, x: ndarray | Number, y: ndarray | Number) -> ndarray:
    """`x` where the condition holds, `y` elsewhere.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x = webgpu.asarray([-1.0, 2.0])
        ...     assert webgpu.where(x > 0, x, 0).get().tolist() == [0, 2]
    """
    both = Operands((x, y), (condition.astype(np.bool_, copy=False),))
    a, b = both.words(both.dtype)
    return elementwise("where", f"select({b}, {a}, a != B(0))", both.arrays, both.numbers, both.dtype)


class add:  # noqa: N801 - a function in NumPy, with `at` as its method
    """x + y; and `add.at`, which adds to the elements that an index selects, repeated ones included.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x = webgpu.zeros(3)
        ...     webgpu.add.at(x, [0, 2, 2], 1)
        ...     assert x.get().tolist() == [1, 0, 2]
    """

    def __new__(cls, x: Any, y: Any) -> Any:
        """Add."""
        return x + y

    at = staticmethod(add_at)


# ----------------------------------------------------------------------------------------------------- shapes


def reshape(x: ndarray, shape: Sequence[int]) -> ndarray:
    """The same elements in another shape.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.reshape(webgpu.arange(6), (2, -1)).shape == (2, 3)
    """
    return x.reshape(shape)


def transpose(x: ndarray, axes: Sequence[int] | None = None) -> ndarray:
    """The axes in another order.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.transpose(webgpu.zeros((2, 3))).shape == (3, 2)
    """
    return x.transpose(axes)


def broadcast_to(x: ndarray, shape: Sequence[int]) -> ndarray:
    """A view of x broadcast to a shape.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.broadcast_to(webgpu.ones(3), (2, 3)).shape == (2, 3)
    """
    return x.broadcast_to(shape)


def concatenate(xs: Sequence[ndarray], axis: int = 0) -> ndarray:
    """Join arrays along an existing axis.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.concatenate([webgpu.ones(1), webgpu.zeros(2)]).get().tolist() == [1, 0, 0]
    """
    if not xs:
        raise ValueError("concatenate needs at least one array")
    axis = checked_axis(axis, xs[0].ndim)
    before, after = xs[0].shape[:axis], xs[0].shape[axis + 1 :]
    if any((x.ndim, x.shape[:axis], x.shape[axis + 1 :]) != (xs[0].ndim, before, after) for x in xs):
        raise ValueError(f"shapes may differ along axis {axis} only; got {[x.shape for x in xs]}")
    shape = *before, sum(x.shape[axis] for x in xs), *after
    kinds = {x.dtype for x in xs}
    if axis == 0 and len(kinds) == 1 and all(x.is_contiguous for x in xs):
        return gathered(xs).reshape(shape)
    joined = common_float(xs) if any(kind.kind == "f" for kind in kinds) else INT
    y = ndarray.new(shape, kinds.pop() if len(kinds) == 1 else joined)
    start = 0
    for x in xs:
        end = start + x.shape[axis]
        y[(slice(None),) * axis + (slice(start, end),)] = x
        start = end
    return y


def cumsum(x: ndarray, axis: int | None = None) -> ndarray:
    """Cumulative sum along an axis, or of all elements.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.cumsum(webgpu.ones(3)).get().tolist() == [1, 2, 3]
    """
    if axis is None:
        x, axis = x.ravel(), 0
    before = (slice(None),) * checked_axis(axis, x.ndim)
    y = x.astype(np.int32) if x.dtype.kind == "b" else x.copy()
    step = 1
    while step < x.shape[axis]:  # y[i] is the sum of the last `step` elements up to x[i]
        first, rest = (*before, slice(step)), (*before, slice(step, None))
        y = concatenate([y[first], y[rest] + y[(*before, slice(-step))]], axis)
        step *= 2
    return y


def pad(x: ndarray, pad_width: Any, constant_values: float = 0) -> ndarray:
    """`x` with elements of one value added before and after, along each axis.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.pad(webgpu.ones(1), (1, 2)).get().tolist() == [0, 1, 0, 0]
    """
    widths = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    if any(n < 0 for width in widths for n in width):
        raise ValueError(f"pad_width must not be negative; got {pad_width}")
    y = full(
        [n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)],
        constant_values,
        x.dtype,
    )
    y[tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))] = x
    return y
