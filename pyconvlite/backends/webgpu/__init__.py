"""Arrays on a GPU, through WebGPU: the namespace that stands where CuPy's would.

`await init()` opens a device. From then on `asarray` moves data there, a model's `to_gpu()` its Parameters,
and the same Functions, layers and optimizers work on them through the seam. The module has NumPy's functions
for device arrays, under NumPy's names; nothing of them reads back.

- `bridge.js` gives the device its commands, `device.py` is Python's side of it;
- `window.py` and `array.py` are the array, `namespace.py` has NumPy's functions of it;
- `arithmetic.py`, `elementwise.py`, `reduction.py` and `indexing.py` compute them;
- `packing.py` lets a kernel go over many arrays at once, as an optimizer does over a model's;
- `kernels.py` has the kernels of the seam, written in WGSL (`wgsl/`); `capture.py` replays a step's, for
  which `asked.py` asks the host's numbers again.
"""

from __future__ import annotations

import sys
from typing import Any

from ..devices import register_device
from . import kernels as kernels
from .arithmetic import maximum, minimum
from .array import asarray, ndarray
from .asked import asked as host_scalars
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
from .namespace import (
    abs,
    add,
    arange,
    argmax,
    array,
    broadcast_to,
    concatenate,
    cos,
    exp,
    full,
    isfinite,
    log,
    log1p,
    matmul,
    ones,
    ones_like,
    pad,
    reshape,
    sin,
    sqrt,
    sum,
    tanh,
    tensordot,
    transpose,
    where,
    zeros,
    zeros_like,
)
from .packing import mapped as foreach

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


# ------------------------------------------------------------------------------------------------- the device


def is_available() -> bool:
    """Whether a device is open.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> to_device = webgpu.asarray if webgpu.is_available() else lambda x: x
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

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.memory()["live"] <= webgpu.memory()["peak"]
    """
    return current().memory()


def free_pool() -> None:
    """Give the memory of released buffers back to the system.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     webgpu.free_pool()
    """
    current().free_pool()


def asnumpy(x: Any) -> Any:
    """A NumPy copy of a device array, waiting for it; anything else as it is.

    Raises:
        RuntimeError: this runtime cannot wait; the message names the call that works.

    Example:
        >>> asnumpy(2.0)
        2.0
    """
    return x.get() if isinstance(x, ndarray) else x


async def asnumpy_async(x: Any) -> Any:
    """A NumPy copy of a device array, without stopping others while it waits; anything else as it is.

    Example:
        >>> import asyncio
        >>> asyncio.run(asnumpy_async(2))
        2
    """
    return await x.get_async() if isinstance(x, ndarray) else x


register_device(sys.modules[__name__])
