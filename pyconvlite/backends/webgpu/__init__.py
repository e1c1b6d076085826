"""Arrays on a GPU, through WebGPU: a namespace like CuPy's.

`await init()` opens a device. Then `asarray` copies data to it, a model's `to_gpu()` copies its Parameters,
and the same Functions, layers and optimizers work on these arrays. The module has NumPy's functions for
device arrays, under NumPy's names; none of them copies back to the CPU.
"""

from __future__ import annotations

import sys
from typing import Any

from ..devices import register_device
from ..protocol import Kernels
from . import kernels as _kernels
from .arithmetic import maximum, minimum
from .array import asarray, ndarray
from .capture import CaptureRefused, capture
from .device import AdapterInfo, DeviceLost, WebGPUError, WebGPUUnavailable, current, init, init_sync
from .host_scalar import host_scalars
from .matmul import matmul, tensordot
from .namespace import (
    abs,
    add,
    arange,
    array,
    broadcast_to,
    concatenate,
    cos,
    cumsum,
    exp,
    expm1,
    full,
    isfinite,
    log,
    log1p,
    ones,
    ones_like,
    pad,
    reshape,
    sign,
    sin,
    sqrt,
    tanh,
    transpose,
    where,
    zeros,
    zeros_like,
)
from .packing import foreach
from .reduction import argmax, sum

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
    "cumsum",
    "exp",
    "expm1",
    "foreach",
    "free_pool",
    "full",
    "host_scalars",
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
    "sign",
    "sin",
    "sqrt",
    "sum",
    "tanh",
    "tensordot",
    "transpose",
    "where",
    "zeros",
    "zeros_like",
]

kernels: Kernels[ndarray] = _kernels  # so that mypy checks the protocol


# ------------------------------------------------------------------------------------------------- the device


def is_available() -> bool:
    """Whether a device is open, and not lost.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> to_device = webgpu.asarray if webgpu.is_available() else lambda x: x
    """
    try:
        return not current().is_lost()
    except WebGPUUnavailable:
        return False


def memory() -> dict[str, int]:
    """Memory in use on the device, and counts of what it did.

    Returns:
        `live`, bytes of arrays; `pooled`, bytes of released buffers, which new arrays reuse; `peak`, the
        largest value of live; `reads`, number of copies to the CPU; `dispatches`, number of kernel runs.

    Raises:
        WebGPUUnavailable: there is no device.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.memory()["live"] <= webgpu.memory()["peak"]
    """
    return current().memory()


def free_pool() -> None:
    """Free the memory of released buffers.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     webgpu.free_pool()
    """
    current().free_pool()


def asnumpy(x: Any) -> Any:
    """Copy a device array to a NumPy array, waiting for it; anything else is returned as it is.

    Raises:
        RuntimeError: this runtime cannot wait; the message names the call that works.

    Example:
        >>> asnumpy(2.0)
        2.0
    """
    return x.get() if isinstance(x, ndarray) else x


async def asnumpy_async(x: Any) -> Any:
    """Copy a device array to a NumPy array asynchronously; anything else is returned as it is.

    Example:
        >>> import asyncio
        >>> asyncio.run(asnumpy_async(2))
        2
    """
    return await x.get_async() if isinstance(x, ndarray) else x


register_device(sys.modules[__name__])
