"""NumPy's functions for arrays on the device, under NumPy's names."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import product
from .arithmetic import EXP, INT, IS_NAN, LOG, Operands, unary
from .array import asarray, fill, ndarray, new
from .device import current
from .elementwise import common_float, elementwise
from .indexing import add_at
from .packing import gathered
from .window import checked_axis

# --------------------------------------------------------------------------------------------------- creation


def array(x: Any, dtype: Any = None) -> ndarray:
    """A new array on the device.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x = webgpu.ones(2)
        ...     assert webgpu.array(x) is not x
    """
    y = asarray(x, dtype)
    return y.copy() if y is x else y


def full(shape: Any, value: float, dtype: Any = None) -> ndarray:
    """An array of one number; of the device's floats by default, see `init`.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.full((2,), 1.5).get().tolist() == [1.5, 1.5]
    """
    return fill(shape, value, dtype or current().dtype)


def zeros(shape: Any, dtype: Any = None) -> ndarray:
    """An array of zeros.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.zeros((2, 3)).shape == (2, 3)
    """
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> ndarray:
    """An array of ones.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.ones(2).get().tolist() == [1, 1]
    """
    return full(shape, 1, dtype)


def zeros_like(x: ndarray, dtype: Any = None) -> ndarray:
    """Zeros in the shape and dtype of x.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.zeros_like(webgpu.ones(2)).get().tolist() == [0, 0]
    """
    return full(x.shape, 0, dtype or x.dtype)


def ones_like(x: ndarray, dtype: Any = None) -> ndarray:
    """Ones in the shape and dtype of x.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.ones_like(webgpu.zeros(2)).get().tolist() == [1, 1]
    """
    return full(x.shape, 1, dtype or x.dtype)


def arange(*limits: int) -> ndarray:
    """Whole numbers from a start up to before a stop.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.arange(2, 5).get().tolist() == [2, 3, 4]
    """
    return asarray(np.arange(*limits, dtype=np.int32))


# ----------------------------------------------------------------------------------------- element by element


def exp(x: ndarray) -> ndarray:
    """E to the power of x.

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
    """log(1 + x), also where x is so small that 1 + x is 1.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.log1p(webgpu.full((1,), 1e-10)).get() == np.float32(1e-10)
    """
    # Kahan's way: the error of u = 1 + x cancels in log(u) / (u - 1)
    u = "(1 + {a})"
    error = (
        f"select({{a}} / ({u} - 1), F(1), ({u} == F(1)) | ({u} == {{a}}))"  # 1 as well where a is infinite
    )
    return unary("log1p", f"select({LOG.format(a=u)} * {error}, {{a}}, {u} == F(1))", x)


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
    # some implementations overflow beyond 40, where it is 1 long since
    return unary("tanh", f"select(tanh(clamp({{a}}, F(-20), F(20))), {{a}}, {IS_NAN})", x)


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
    text = "(bitcast<B>(a) & B(0x7fffffffu)) < B(0x7f800000u)"  # of its bits: comparisons may pass over NaN
    return elementwise("isfinite", text, [x], dtypes=[np.bool_])


def where(condition: ndarray, x: Any, y: Any) -> ndarray:
    """X where the condition holds, y elsewhere.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x = webgpu.asarray([-1.0, 2.0])
        ...     assert webgpu.where(x > 0, x, 0).get().tolist() == [0, 2]
    """
    both = Operands((x, y), (condition.astype(np.bool_, copy=False),))
    a, b = both.words(both.dtype)
    return elementwise("where", f"select({b}, {a}, a != B(0))", both.arrays, both.numbers, [both.dtype])


class add:  # noqa: N801 - a function in NumPy, with `at` as its method
    """x + y; and `add.at`, which adds to the elements that an index names, each as often as it is named.

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


# ----------------------------------------------------------------------------------------- shapes, reductions


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
    """Repeated along axes that are missing or have length 1, without a copy.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.broadcast_to(webgpu.ones(3), (2, 3)).shape == (2, 3)
    """
    return x.broadcast_to(shape)


def sum(x: ndarray, axis: Any = None, keepdims: bool = False) -> ndarray:
    """Sum over one axis, several, or all.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.sum(webgpu.ones((2, 3)), axis=1).get().tolist() == [3, 3]
    """
    return x.sum(axis, keepdims)


def argmax(x: ndarray, axis: int | None = None) -> ndarray:
    """Index of the first maximum.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.argmax(webgpu.asarray([1.0, 3.0, 2.0])).get() == 1
    """
    return x.argmax(axis)


def matmul(x: ndarray, y: ndarray) -> ndarray:
    """Matrix product.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x = webgpu.ones((2, 3))
        ...     assert webgpu.matmul(x, x.T).get().tolist() == [[3, 3], [3, 3]]
    """
    return product.matmul(x, y)  # type: ignore[no-any-return]


def tensordot(x: ndarray, y: ndarray, axes: int | Sequence[Any] = 2) -> ndarray:
    """Sum of products over several axes.

    Args:
        x, y: arrays of floats.
        axes: so many of x's last axes and y's first; or x's axes and y's, a number or several of each.

    Returns:
        An array with x's other axes, then y's.

    Raises:
        ValueError: the axes are not there, or differ in length.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x, W = webgpu.ones((2, 3, 4)), webgpu.ones((5, 3, 4))
        ...     assert webgpu.tensordot(x, W, ([1, 2], [1, 2])).get()[0, 0] == 12
    """
    return product.tensordot(x, y, axes)


def concatenate(xs: Sequence[ndarray], axis: int = 0) -> ndarray:
    """Arrays one after the other along an axis.

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
    shape = *before, builtins.sum(x.shape[axis] for x in xs), *after
    kinds = {x.dtype for x in xs}
    if axis == 0 and len(kinds) == 1 and all(x.is_contiguous for x in xs):
        return gathered(xs).reshape(shape)
    joined = common_float(xs) if any(kind.kind == "f" for kind in kinds) else INT
    y = new(shape, kinds.pop() if len(kinds) == 1 else joined)
    start = 0
    for x in xs:
        end = start + x.shape[axis]
        y[(slice(None),) * axis + (slice(start, end),)] = x
        start = end
    return y


def pad(x: ndarray, pad_width: Any, constant_values: float = 0) -> ndarray:
    """A frame of one number around x.

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
