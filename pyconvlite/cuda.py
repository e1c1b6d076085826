"""The functions of `dezero.cuda`, implemented by `backends`. `gpu_enable` is whether a device is open."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from . import backends
from .autograd import Variable

__all__ = ["as_cupy", "as_numpy", "get_array_module", "gpu_enable"]

gpu_enable: bool  # computed at each access, as a device may be opened later


def __getattr__(name: str) -> bool:
    if name != "gpu_enable":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        backends.to_gpu(np.zeros(0, dtype=np.float32))
    except backends.DeviceUnavailable:
        return False
    return True


def get_array_module(x: Any) -> ModuleType:
    """Namespace with NumPy's functions for `x`, an array or a Variable.

    Example:
        >>> get_array_module(np.zeros(2)) is np
        True
    """
    return backends.get_array_module(_data(x))


def as_numpy(x: Any) -> Any:
    """Copy `x`, an array, a Variable or a number, to a NumPy array; a NumPy array is returned as it is.

    Example:
        >>> as_numpy(Variable(as_numpy(2.0)))
        array(2.)
    """
    return np.asarray(backends.to_cpu(_data(x)))


def as_cupy(x: Any) -> Any:
    """Copy `x`, an array or a Variable, to an array on the device.

    Raises:
        DeviceUnavailable: this runtime has no device.

    Example:
        >>> from pyconvlite import cuda
        >>> if cuda.gpu_enable:
        ...     x = cuda.as_cupy(np.zeros(2, np.float32))
    """
    return backends.to_gpu(_data(x))


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Variable) else x
