"""`dezero.cuda`: NumPy and, in CuPy's place, WebGPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import cuda
from ..autograd import Variable
from ..cuda import as_numpy
from . import _cupy

__all__ = ["Variable", "as_cupy", "as_numpy", "get_array_module", "gpu_enable", "np"]

gpu_enable: bool  # whether `await pyconvlite.backends.webgpu.init()` has opened a device
cupy: Any  # there once a device is open


def __getattr__(name: str) -> Any:
    if name == "gpu_enable":
        return cuda.gpu_enable
    if name in ("cupy", "cp") and cuda.gpu_enable:
        return _cupy
    opens = "" if name not in ("cupy", "cp") else "; await pyconvlite.backends.webgpu.init() opens a device"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{opens}")


def get_array_module(x: Any) -> Any:
    """Namespace with NumPy's functions for `x`, an array or a Variable; the device's is `cupy`.

    Example:
        >>> get_array_module(np.zeros(2)) is np
        True
    """
    return np if cuda.get_array_module(x) is np else _cupy


def as_cupy(x: Any) -> Any:
    """Copy `x`, an array, a Variable or a number, to an array on the device; float64 becomes float32.

    Raises:
        DeviceUnavailable: this runtime has no device.

    Example:
        >>> if __getattr__("gpu_enable"):
        ...     x = as_cupy(np.zeros(2))
    """
    return _cupy.asarray(x.data if isinstance(x, Variable) else x)
