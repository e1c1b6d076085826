"""The seam between the autograd engine and whatever computes.

A Function's forward holds plain arrays and asks this module two questions, never a backend by name:

- `get_array_module(x)`: which namespace has NumPy's functions for this array (`xp.exp(x)`, `xp.zeros(...)`).
  It serves the elementwise and shape-changing work, where NumPy's vocabulary is enough.
- `kernels(x)`: which module has the heavy kernels for this array: matrix product, im2col and col2im,
  convolution and its two gradients, pooling. `backends/numpy.py` is the reference that defines their meaning;
  any other backend is a sibling module with the same names and signatures.

Moving arrays between devices goes through `to_cpu` and `to_gpu` here as well. Backends that are not installed
or not initialised cost nothing: they are imported when first asked for.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from . import numpy as _numpy

__all__ = ["DeviceUnavailable", "get_array_module", "is_array", "kernels", "to_cpu", "to_gpu"]


class DeviceUnavailable(RuntimeError):  # noqa: N818 - it says what is missing, not that somebody erred
    """Raised when data is to be moved to a device that this runtime does not have.

    Example:
        >>> try:
        ...     to_gpu(np.zeros(2))
        ... except DeviceUnavailable:
        ...     print("goes on with the CPU")
        goes on with the CPU
    """


def is_array(x: object) -> bool:
    """Whether `x` is an array that a Variable can hold.

    Example:
        >>> is_array(np.zeros(2)), is_array([0.0, 0.0])
        (True, False)
    """
    return isinstance(x, np.ndarray)


def get_array_module(x: Any) -> ModuleType:
    """Namespace with NumPy's functions for `x`, an array or a Variable.

    Example:
        >>> get_array_module(np.zeros(2)).__name__
        'numpy'
    """
    return np


def kernels(x: Any) -> ModuleType:
    """Kernel module that serves `x`, an array or a Variable.

    Example:
        >>> kernels(np.zeros(2)).__name__
        'pyconvlite.backends.numpy'
    """
    return _numpy


def to_cpu(x: Any) -> Any:
    """`x`, an array, as a NumPy array; a NumPy array is returned as it is.

    Example:
        >>> to_cpu(np.zeros(2))
        array([0., 0.])
    """
    return x


def to_gpu(x: Any) -> Any:
    """`x`, an array, on the device.

    Raises:
        DeviceUnavailable: this runtime has no device.

    Example:
        >>> to_gpu(np.zeros(2))
        Traceback (most recent call last):
        pyconvlite.backends.DeviceUnavailable: no GPU backend is available; keep arrays on the CPU
    """
    raise DeviceUnavailable("no GPU backend is available; keep arrays on the CPU")
