"""Arrays on a GPU, through WebGPU: the namespace that stands where CuPy's would.

`await init()` opens a device. From then on `asarray` moves data there, a model's `to_gpu()` its Parameters, and
the same Functions, layers and optimizers work on them through the seam. The module has NumPy's functions for
device arrays, under NumPy's names; nothing of them reads back.

- `bridge.js` gives the device its commands, `device.py` is Python's side of it;
- `array.py` is the array; `elementwise.py`, `reduction.py`, `indexing.py` compute its operations;
- `kernels.py` has the kernels of the seam, written in WGSL (`wgsl/`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import register_device
from . import indexing as _indexing
from . import kernels as kernels
from .array import asarray, maximum, minimum, ndarray, new, operand, scalar, unary
from .capture import CaptureRefused, capture
from .device import (
    AdapterInfo,
    DeviceLost,
    WebGPUError,
    WebGPUUnavailable,
    current,
    init,
    init_sync,
)
from .elementwise import elementwise

__all__ = [
    "AdapterInfo",
    "CaptureRefused",
    "DeviceLost",
    "WebGPUError",
    "WebGPUUnavailable",
    "abs",
    "add",
    "arange",
    "argmax",
    "array",
    "asarray",
    "asnumpy",
    "asnumpy_async",
    "broadcast_to",
    "capture",
    "concatenate",
    "cos",
    "exp",
    "free_pool",
    "full",
    "init",
    "init_sync",
    "is_available",
    "isfinite",
    "log",
    "log1p",
    "matmul",
    "maximum",
    "memory",
    "minimum",
    "ndarray",
    "ones",
    "ones_like",
    "pad",
    "reshape",
    "sin",
    "sqrt",
    "sum",
    "tanh",
    "transpose",
    "where",
    "zeros",
    "zeros_like",
]


# ------------------------------------------------------------------------------------------------- the device


def is_available() -> bool:
    """Whether a device is open.

    Example:
        >>> is_available()
        False
    """
    try:
        current()
    except WebGPUUnavailable:
        return False
    return True


def memory() -> dict[str, int]:
    """What the device holds and did.

    Returns:
        live: bytes of arrays; pooled: bytes of released buffers, which new arrays take first; peak: the most
        bytes that were live; reads: copies to the CPU; dispatches: kernels that were run.

    Raises:
        WebGPUUnavailable: there is no device.
    """
    return current().memory()


def free_pool() -> None:
    """Give the memory of released buffers back to the system."""
    current().free_pool()


def asnumpy(x: Any) -> Any:
    """A NumPy copy of a device array, waiting for it; anything else as it is.

    Raises:
        RuntimeError: this runtime cannot wait; the message names the call that works.
    """
    return x.get() if isinstance(x, ndarray) else x


async def asnumpy_async(x: Any) -> Any:
    """A NumPy copy of a device array; anything else as it is."""
    return await x.get_async() if isinstance(x, ndarray) else x


# ---------------------------------------------------------------------------------------------------- creation


def array(x: Any, dtype: Any = None) -> ndarray:
    """A new array on the device."""
    y = asarray(x, dtype)
    return y.copy() if y is x else y


def full(shape: Any, value: float, dtype: Any = np.float32) -> ndarray:
    """An array of one number."""
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    return asarray(np.array(value, dtype)).broadcast_to(sizes).copy()


def zeros(shape: Any, dtype: Any = np.float32) -> ndarray:
    """An array of zeros."""
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = np.float32) -> ndarray:
    """An array of ones."""
    return full(shape, 1, dtype)


def zeros_like(x: ndarray, dtype: Any = None) -> ndarray:
    """Zeros in the shape and dtype of x."""
    return full(x.shape, 0, dtype or x.dtype)


def ones_like(x: ndarray, dtype: Any = None) -> ndarray:
    """Ones in the shape and dtype of x."""
    return full(x.shape, 1, dtype or x.dtype)


def arange(*limits: int) -> ndarray:
    """Whole numbers from a start up to before a stop."""
    return asarray(np.arange(*limits, dtype=np.int32))


# ------------------------------------------------------------------------------------------ element by element


def exp(x: ndarray) -> ndarray:
    """E to the power of x."""
    return unary("exp", "exp({a})", x)


def log(x: ndarray) -> ndarray:
    """Natural logarithm."""
    return unary("log", "log({a})", x)


def log1p(x: ndarray) -> ndarray:
    """log(1 + x), also where x is so small that 1 + x is 1."""
    # Kahan's way: the error of u = 1 + x cancels in log(u) / (u - 1)
    text = "select(log(1 + {a}) * {a} / select((1 + {a}) - 1, {T}(1), (1 + {a}) == {T}(1)), {a}, (1 + {a}) == {T}(1))"
    return unary("log1p", text, x)


def sqrt(x: ndarray) -> ndarray:
    """Square root."""
    return unary("sqrt", "sqrt({a})", x)


def sin(x: ndarray) -> ndarray:
    """Sine."""
    return unary("sin", "sin({a})", x)


def cos(x: ndarray) -> ndarray:
    """Cosine."""
    return unary("cos", "cos({a})", x)


def tanh(x: ndarray) -> ndarray:
    """Hyperbolic tangent; some implementations overflow beyond 40, where it is 1 long since."""
    return unary("tanh", "tanh(clamp({a}, {T}(-20), {T}(20)))", x)


def abs(x: ndarray) -> ndarray:
    """Absolute value."""
    return unary("absolute", "abs({a})", x, floats=False)


def isfinite(x: ndarray) -> ndarray:
    """Whether each element is neither infinite nor NaN."""
    text = "(bitcast<B>(a) & B(0x7fffffffu)) < B(0x7f800000u)"
    return elementwise("isfinite", text, [x], dtypes=[np.bool_])  # type: ignore[no-any-return]


def where(condition: ndarray, x: Any, y: Any) -> ndarray:
    """X where the condition holds, y elsewhere."""
    arrays = [condition.astype(np.bool_, copy=False)]
    numbers: list[float] = []
    words = []
    dtype = np.dtype(np.int32)
    for value in (x, y):
        number = scalar(value)
        if number is None:
            words.append("bc"[len(arrays) - 1])
            arrays.append(operand(value))
            dtype = np.result_type(dtype, value.dtype) if value.dtype.kind != "f" else np.dtype(np.float32)
        else:
            words.append(f"s{len(numbers)}")
            numbers.append(number)
            whole = (
                isinstance(value, int | np.integer) or getattr(value, "dtype", np.dtype(float)).kind in "iub"
            )
            dtype = dtype if whole else np.dtype(np.float32)
    if any(v.dtype == np.float32 for v in arrays[1:]):
        dtype = np.dtype(np.float32)
    alias = {"float32": "F", "int32": "I"}[dtype.name]
    a, b = (f"{alias}({'i32(' + w + ')' if alias == 'I' and w.startswith('s') else w})" for w in words)
    return elementwise("where", f"select({b}, {a}, a != B(0))", arrays, numbers, [dtype])  # type: ignore[no-any-return]


class add:  # noqa: N801 - a function in NumPy, with `at` as its method
    """x + y; and `add.at`, which adds to named elements."""

    def __new__(cls, x: Any, y: Any) -> Any:
        """Add."""
        return x + y

    at = staticmethod(_indexing.add_at)


# ------------------------------------------------------------------------------------------ shapes, reductions


def reshape(x: ndarray, shape: Sequence[int]) -> ndarray:
    """The same elements in another shape."""
    return x.reshape(shape)


def transpose(x: ndarray, axes: Sequence[int] | None = None) -> ndarray:
    """The axes in another order."""
    return x.transpose(axes)


def broadcast_to(x: ndarray, shape: Sequence[int]) -> ndarray:
    """Repeated along axes that are missing or have length 1, without a copy."""
    return x.broadcast_to(shape)


def sum(x: ndarray, axis: Any = None, keepdims: bool = False) -> ndarray:
    """Sum over one axis, several, or all."""
    return x.sum(axis, keepdims)


def argmax(x: ndarray, axis: int | None = None) -> ndarray:
    """Index of the first maximum."""
    return x.argmax(axis)


def matmul(x: ndarray, y: ndarray) -> ndarray:
    """Matrix product."""
    return kernels.matmul(x, y)  # type: ignore[no-any-return]


def concatenate(xs: Sequence[ndarray], axis: int = 0) -> ndarray:
    """Arrays one after the other along an axis."""
    axis %= xs[0].ndim
    shape = list(xs[0].shape)
    shape[axis] = 0
    for x in xs:
        shape[axis] += x.shape[axis]
    y = new(shape, xs[0].dtype)
    start = 0
    for x in xs:
        part = (slice(None),) * axis + (slice(start, start + x.shape[axis]),)
        y[part] = x
        start += x.shape[axis]
    return y


def pad(x: ndarray, pad_width: Any, constant_values: float = 0) -> ndarray:
    """A frame of one number around x."""
    widths = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    y = full(
        [n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)],
        constant_values,
        x.dtype,
    )
    y[tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))] = x
    return y


register_device(sys.modules[__name__])
