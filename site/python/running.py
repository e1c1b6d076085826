"""What is running: the versions, and which kernels compute."""

from __future__ import annotations

import sys

import numpy as np

import pyconvlite
from pyconvlite import backends
from pyconvlite.backends.simd import library


def kernels() -> str:
    """Which kernels compute, for people."""
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
