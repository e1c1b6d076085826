"""The seam between the autograd engine and whatever computes.

A Function's forward holds plain arrays and asks two questions, never a backend by name:

- `get_array_module(x)`: which namespace has NumPy's functions for this array (`xp.exp(x)`, `xp.zeros(...)`).
  It serves elementwise and shape-changing work.
- `kernels(x)`: which kernels serve this array. `protocol.py` says what each computes: matrix products,
  convolution and its two gradients, pooling, and what is worth fusing. `numpy/` is the reference that defines
  their meaning; `simd/` and `webgpu/` have the same names and signatures.

NumPy arrays have two backends, NumPy itself and WebAssembly SIMD kernels, which take over in Pyodide wherever
the engine runs them. The choice is made with the first kernel; the environment variable PYCONVLITE_BACKEND
and `use` decide otherwise, and `describe` tells what serves, and why (`choice.py`). Arrays move between
devices by `to_cpu` and `to_gpu` (`devices.py`).
"""

from .choice import Description, describe, kernels, use
from .devices import (
    DeviceUnavailable,
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
    "foreach",
    "get_array_module",
    "host_scalars",
    "is_array",
    "kernels",
    "on_device",
    "to_cpu",
    "to_device_of",
    "to_gpu",
    "use",
]
