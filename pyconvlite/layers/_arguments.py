"""Checks of the arguments that several layers take, and the draw of initial weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arguments import at_least
from .._random import rng
from .._shapes import Array, IntPair, pair

_FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


def float_dtype(dtype: Any) -> Any:
    """Read a layer's `dtype` argument.

    Raises:
        TypeError: not one of the three that a layer computes in.

    Example:
        >>> float_dtype(np.float32)
        dtype('float32')
    """
    try:
        found = None if dtype is None else np.dtype(dtype)  # NumPy takes None for float64
    except TypeError:
        found = None
    if found is None or found not in _FLOATS:
        given = repr(dtype) if found is None else found
        raise TypeError(f"dtype must be float16, float32 or float64; got {given}")
    return found


def normal(shape: tuple[Any, ...], deviation: float, dtype: Any) -> Array:
    """Draw initial weights of mean 0 from the package's generator.

    Example:
        >>> normal((2, 3), 0.1, np.float32).shape
        (2, 3)
    """
    # NumPy draws no float16; float32 is drawn as such, since a copy in float64 would be twice as large.
    drawn = rng().standard_normal(shape, dtype=np.float64 if dtype == np.float64 else np.float32)
    drawn *= deviation
    return drawn.astype(dtype, copy=False)


def channels(x: Any, layer: object) -> int:
    """Length of x along axis 1, from which a layer takes its size.

    Raises:
        ValueError: x has no axis 1.

    Example:
        >>> channels(np.zeros((5, 3)), "BatchNorm")
        3
    """
    if np.ndim(x) < 2:
        raise ValueError(f"{type(layer).__name__} needs an input of 2 or more axes; got shape {np.shape(x)}")
    return int(np.shape(x)[1])


def sizes(least: int, value: IntPair, name: str) -> tuple[int, int]:
    """Read a size in pixels, an integer or (height, width), neither below `least`.

    Raises:
        TypeError: a size that is no integer.
        ValueError: a size out of its range.

    Example:
        >>> sizes(1, 3, "kernel_size")
        (3, 3)
    """
    height, width = pair(value, name)
    return at_least(least, height, name), at_least(least, width, name)
