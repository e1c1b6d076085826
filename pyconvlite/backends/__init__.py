"""Dispatch from the autograd engine to the backends.

NumPy arrays have two backends: NumPy itself, and WebAssembly SIMD kernels, the default in Pyodide where the
engine supports them. The backend is chosen at the first kernel call; the environment variable
PYCONVLITE_BACKEND and `use` override the choice. The SIMD kernels compute on several cores where they can;
PYCONVLITE_THREADS and `threads` set on how many. `describe` reports both. `to_cpu` and `to_gpu` copy arrays
between devices.

A Function's forward works on plain arrays and never names a backend. It uses:

- `get_array_module(x)`: the namespace with NumPy's functions for this array (`xp.exp(x)`, `xp.zeros(...)`),
  for element-wise operations and changes of shape.
- `kernels(x)`: the kernels of the backend that serves this array: matrix products, convolution and its two
  gradients, pooling, fused operations. `protocol.py` documents each. `numpy/` is the reference
  implementation; `simd/` and `webgpu/` have the same names and signatures.
"""

from .choice import Description, describe, kernels, threads, use
from .devices import (
    DeviceUnavailable,
    float_dtype,
    foreach,
    get_array_module,
    host_scalars,
    is_array,
    on_device,
    to_cpu,
    to_device_of,
    to_gpu,
)
from .protocol import ConvGeometry, Kernels

__all__ = [
    "ConvGeometry",
    "Description",
    "DeviceUnavailable",
    "Kernels",
    "describe",
    "float_dtype",
    "foreach",
    "get_array_module",
    "host_scalars",
    "is_array",
    "kernels",
    "on_device",
    "threads",
    "to_cpu",
    "to_device_of",
    "to_gpu",
    "use",
]
