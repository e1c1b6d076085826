"""Checks of arguments that several layers share, and the initialization of weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arguments import at_least
from .._random import rng
from .._shapes import Array, IntPair, pair

_FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


def float_dtype(dtype: Any) -> Any:
    """Check a layer's `dtype` argument; return it as a NumPy dtype.

    Raises:
        TypeError: `dtype` is not float16, float32 or float64.

    Example:
        >>> float_dtype(np.float32)
        dtype('float32')
    """
    try:
        found = None if dtype is None else np.dtype(dtype)  # np.dtype(None) is float64
    except TypeError:
        found = None
    if found is None or found not in _FLOATS:
        given = repr(dtype) if found is None else found
        raise TypeError(f"dtype must be float16, float32 or float64; got {given}")
    return found


def normal(shape: tuple[Any, ...], deviation: float, dtype: Any) -> Array:
    """Draw initial weights from a normal distribution with mean 0.

    Args:
        shape: shape of the array.
        deviation: standard deviation.
        dtype: float16, float32 or float64.

    Example:
        >>> normal((2, 3), 0.1, np.float32).shape
        (2, 3)
    """
    # NumPy cannot draw float16. float32 is drawn directly, since a float64 copy would be twice as large.
    drawn = rng().standard_normal(shape, dtype=np.float64 if dtype == np.float64 else np.float32)
    drawn *= deviation
    return drawn.astype(dtype, copy=False)


def channels(x: Any, layer: object) -> int:
    """Length of x along axis 1: the number of channels or features, from which a layer infers its input size.

    Raises:
        ValueError: x has fewer than 2 axes.

    Example:
        >>> channels(np.zeros((5, 3)), "BatchNorm")
        3
    """
    if np.ndim(x) < 2:
        raise ValueError(
            f"{type(layer).__name__} needs an input with at least 2 axes; got shape {np.shape(x)}"
        )
    return int(np.shape(x)[1])


def sizes(least: int, value: IntPair, name: str) -> tuple[int, int]:
    """Check a size in pixels, an integer or (height, width), and return it as a pair.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below `least`.

    Example:
        >>> sizes(1, 3, "kernel_size")
        (3, 3)
    """
    height, width = pair(value, name)
    return at_least(least, height, name), at_least(least, width, name)
