"""Helpers for the SIMD kernels: the fallback to NumPy, and the addresses of arrays.

A kernel returns None for what the side module does not support: other dtypes, empty arrays, sizes that do not
fit. NumPy's kernel of the same name is then called, and raises the error if there is one. An array that is
not contiguous is copied first.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from ..._shapes import Array
from .._calls import calls
from ..protocol import ConvGeometry
from .objects import in_c

P = ParamSpec("P")
R = TypeVar("R")

FLOAT32 = np.dtype(np.float32)
MOST = 2**30  # largest length of a padded axis: the side module uses 32-bit integers
c_float = ctypes.c_float


def with_fallback(reference: Callable[P, R]) -> Callable[[Callable[P, R | None]], Callable[P, R]]:
    """Decorate a SIMD kernel: `reference`, NumPy's kernel, is called where it returns None."""

    def decorate(kernel: Callable[P, R | None]) -> Callable[P, R]:
        name = kernel.__name__
        own, others = calls[name, "simd"], calls[name, "numpy"]
        fallback: Callable[P, R] = getattr(reference, "__wrapped__", reference)  # uncounted

        @functools.wraps(kernel)
        def serving(*args: P.args, **kwargs: P.kwargs) -> R:
            y = kernel(*args, **kwargs)
            if y is None:
                others[0] += 1
                return fallback(*args, **kwargs)
            own[0] += 1
            return y

        return serving

    return decorate


@in_c
def all_float32(*arrays: Array | None) -> bool:
    """Whether all arrays are float32 and not empty; None is skipped."""
    for a in arrays:  # noqa: SIM110 - a generator takes longer than a small kernel
        if a is not None and (a.dtype != FLOAT32 or not a.size):
            return False
    return True


@in_c
def contiguous(a: Array) -> Array:
    """`a` if it is contiguous, otherwise a contiguous copy."""
    return np.ascontiguousarray(a)


@in_c
def address(a: Array) -> int:
    """Address of the first element, valid as long as the caller holds a reference to the array."""
    return a.__array_interface__["data"][0]  # type: ignore[no-any-return]


def fits(geometry: ConvGeometry) -> bool:
    """Whether the images have pixels, and their sizes fit into the side module's 32-bit integers."""
    (KH, KW), (SH, SW), (PH, PW), (DH, DW), _, (H, W), (OH, OW) = geometry
    return min(H, W) > 0 and max(H + PH, W + PW, OH * SH + KH * DH, OW * SW + KW * DW) <= MOST


def plane_sizes(planes: tuple[int, ...], geometry: ConvGeometry) -> tuple[int, ...]:
    """The size arguments of kernels that treat all planes (N, C) alike: pooling, im2col and col2im."""
    return (
        math.prod(planes),
        *geometry.input_size,
        *geometry.output_size,
        *geometry.kernel_size,
        *geometry.stride,
        *geometry.pad,
        *geometry.dilation,
    )
