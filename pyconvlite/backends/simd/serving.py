"""What the kernels of all files here share: when the side module serves, and how it finds an array's memory.

Each kernel returns None where the side module does not serve: another dtype, an empty array, or sizes that
do not fit. NumPy's kernel of the same name then takes over, and has the error. An array that is not
contiguous is copied first. A result is handed out only when it is complete.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from ..._shapes import Array
from .._calls import calls
from ..protocol import ConvGeometry

P = ParamSpec("P")
R = TypeVar("R")

FLOAT32 = np.dtype(np.float32)
MOST = 2**30  # pixels along a padded axis: the side module counts in 32 bits
c_float = ctypes.c_float


def served(twin: Callable[P, R]) -> Callable[[Callable[P, R | None]], Callable[P, R]]:
    """Decorate a kernel of the side module, for which NumPy's, `twin`, stands in where it returns None."""

    def decorate(kernel: Callable[P, R | None]) -> Callable[P, R]:
        key = kernel.__name__, "simd"

        @functools.wraps(kernel)
        def serving(*args: P.args, **kwargs: P.kwargs) -> R:
            y = kernel(*args, **kwargs)
            if y is None:
                return twin(*args, **kwargs)
            calls[key] += 1
            return y

        return serving

    return decorate


def all_float32(*arrays: Array | None) -> bool:
    """Whether all, None left out, are float32 arrays with elements."""
    return all(a is None or (a.dtype == FLOAT32 and a.size) for a in arrays)


def contiguous(a: Array) -> Array:
    """`a`, or a copy of it that is contiguous."""
    return np.ascontiguousarray(a)


def address(a: Array) -> int:
    """Address of the first element; keep the array in a variable until the call that uses it is over."""
    return a.__array_interface__["data"][0]  # type: ignore[no-any-return]


def fits(geometry: ConvGeometry) -> bool:
    """Whether the side module can count the sizes."""
    (H, W), (PH, PW) = geometry.input_size, geometry.pad
    return max(H + 2 * PH, W + 2 * PW, *geometry.stride, *geometry.dilation) <= MOST
