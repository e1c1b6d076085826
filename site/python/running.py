"""What is running: the versions, and which kernels compute."""

from __future__ import annotations

import sys

import numpy as np
from training import on_gpu

import pyconvlite
from pyconvlite import Model, backends
from pyconvlite.backends import webgpu
from pyconvlite.backends.simd import library
from pyconvlite.backends.webgpu.device import current


async def find_gpu() -> dict:
    """Whether there is a GPU to compute on (`found`), and what it is or what is missing (`text`)."""
    try:
        await webgpu.init()
    except webgpu.WebGPUUnavailable as error:
        return {"found": False, "text": str(error)}
    return {"found": True, "text": adapter()}


def adapter() -> str:
    """The GPU's name, as far as the browser tells it."""
    info = current().info
    name = info.description or f"{info.vendor} {info.architecture}".strip() or "a GPU without a name"
    return f"{name}, a CPU that stands in for a GPU" if info.fallback else name


def kernels(model: Model | None = None) -> str:
    """Which kernels compute, on the CPU or where the model is, for people."""
    if model is not None and on_gpu(model):
        return f"WebGPU ({adapter()})"
    choice = backends.describe()
    if choice.backend == "simd":
        return f"WebAssembly SIMD kernels ({library.load()[1]})"
    return f"NumPy: {choice.reason}"


def versions() -> dict:
    """Versions and kernels, by name."""
    return {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "pyconvlite": pyconvlite.__version__,
        "kernels": kernels(),
    }
