"""What is running: the versions, and which kernels compute; as messages, see messages.py.

Each page's Python begins with it: what it does not need at once is imported where it is used.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

import pyconvlite
from pyconvlite import backends
from pyconvlite.backends.simd import library
from tab.messages import message, message_of

if TYPE_CHECKING:
    from pyconvlite import Model


async def find_gpu() -> dict[str, Any]:
    """What keeps this page from computing on a GPU: `missing`, a message; None where nothing does."""
    from pyconvlite.backends import webgpu

    try:
        await webgpu.init()
    except webgpu.WebGPUUnavailable as error:
        return {"missing": message_of(error)}
    return {"missing": None}


async def start_threads() -> None:
    """Wait until all threads that the kernels can have are there, but for no longer than five seconds."""
    for _ in range(500):
        if not backends.describe().threads_starting:
            return
        await asyncio.sleep(0.01)


def adapter() -> object:
    """The GPU's name, as far as the browser tells it, or a message with it."""
    from pyconvlite.backends.webgpu.device import current

    info = current().info
    name = info.description or f"{info.vendor} {info.architecture}".strip() or message("gpu-nameless")
    return message("gpu-fallback", name=name) if info.fallback else name


def kernels(model: Model | None = None) -> dict[str, Any]:
    """Which kernels compute, on the CPU or where the model is."""
    if model is not None and backends.on_device(next(model.params())):
        return message("kernels-webgpu", adapter=adapter())
    choice = backends.describe()
    if choice.backend == "simd":
        variant = library.load()[1]
        if choice.threads_error:
            return message("kernels-simd-one", variant=variant, reason=message_of(choice.threads_error))
        if choice.threads > 1:
            return message("kernels-simd-threads", variant=variant, threads=choice.threads)
        return message("kernels-simd", variant=variant)
    reason = message_of(choice.error) if choice.error else message("chosen")
    return message("kernels-numpy", reason=reason)


def versions() -> dict[str, Any]:
    """Versions, by name, and `kernels`, a message."""
    return {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "pyconvlite": pyconvlite.__version__,
        "kernels": kernels(),
    }
