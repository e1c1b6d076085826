"""Copies on the device: contiguous, or in another dtype or shape; only where a view is not enough."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .elementwise import ALIAS, IS_NAN, elementwise
from .view import Array, View, checked_sizes, dtype_of, reshaped_strides


def copy(x: Array) -> Array:
    """A new, contiguous array with the same elements."""
    return elementwise("copy", _cast(x, x.dtype), [x], dtype=x.dtype)


def astype(x: Array, dtype: npt.DTypeLike, copy: bool = True) -> Array:
    """The elements converted to another dtype; float to int truncates."""
    wanted = dtype_of(dtype)
    if wanted == x.dtype and not copy:
        return x
    return elementwise("astype", _cast(x, wanted), [x], dtype=wanted)


def _cast(x: View, dtype: np.dtype[np.generic]) -> str:
    """WGSL of x's elements in another dtype."""
    if dtype.kind != "b":
        return f"{ALIAS[dtype.name]}(a)"
    nan = f" | {IS_NAN.format(a='a')}" if x.dtype.kind == "f" else ""
    return f"(a != {ALIAS[x.dtype.name]}(0)){nan}"


def reshape(x: Array, shape: Sequence[int]) -> Array:
    """The same elements in another shape: a view where strides allow it, else a copy."""
    sizes = checked_sizes(shape, x.size)
    strides = reshaped_strides(x, sizes)
    return reshape(copy(x), sizes) if strides is None else x.as_strided(sizes, strides)


def contiguous(x: Array) -> Array:
    """x if it is contiguous, otherwise a contiguous copy."""
    return x if x.is_contiguous else copy(x)


def copyable(x: Array) -> Array:
    """A contiguous array with x's elements, at an offset of whole 4 bytes: the device can copy from there."""
    return x if x.is_contiguous and x.itemsize * x.offset % 4 == 0 else copy(x)


def whole(x: Array) -> Array:
    """A contiguous array with x's elements, at offset 0 of its buffer."""
    return x if x.is_contiguous and not x.offset else copy(x)
