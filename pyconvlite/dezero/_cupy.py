"""In CuPy's place for the book's programs: the WebGPU namespace, with float32 for float64, and `random`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backends
from ..backends import devices


def __getattr__(name: str) -> Any:
    return getattr(devices.device, name)


def narrowed(x: Any) -> Any:
    """A float64 array as float32, anything else unchanged: WebGPU has no float64.

    Example:
        >>> narrowed(np.zeros(2)).dtype
        dtype('float32')
    """
    x = np.float32(x) if isinstance(x, np.float64) else x
    return x.astype(np.float32) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x


def _dtype(dtype: Any) -> Any:
    return np.float32 if dtype is not None and np.dtype(dtype) == np.float64 else dtype


def asarray(x: Any, dtype: Any = None) -> Any:
    """An array on the device: x itself if it is one, else a copy."""
    dtype = _dtype(dtype)
    if backends.on_device(x):
        return x if dtype is None else x.astype(dtype)
    return backends.to_gpu(narrowed(np.asarray(x, dtype)))


def array(x: Any, dtype: Any = None) -> Any:
    """A new array on the device."""
    y = asarray(x, dtype)
    return y.copy() if y is x else y


def _creating(name: str) -> Callable[..., Any]:
    before = 2 if name == "full" else 1  # arguments before the dtype

    def create(*args: Any, dtype: Any = None) -> Any:
        dtype = args[before] if len(args) > before else dtype
        return __getattr__(name)(*args[:before], dtype=_dtype(dtype))

    create.__doc__ = f"`{name}` of the WebGPU namespace; the dtype float64 gives float32."
    return create


zeros, ones, full, zeros_like, ones_like = map(
    _creating, ("zeros", "ones", "full", "zeros_like", "ones_like")
)


def get_array_module(x: Any) -> Any:
    """This module for an array on the device, or else NumPy."""
    return sys.modules[__name__] if backends.on_device(x) else np


class _Random:
    """`numpy.random`, with its arrays copied to the device."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        draw = getattr(np.random, name)

        def drawn(*args: Any, **kwargs: Any) -> Any:
            values = draw(*args, **kwargs)
            return asarray(values) if isinstance(values, np.ndarray) else values

        return drawn


random = _Random()
