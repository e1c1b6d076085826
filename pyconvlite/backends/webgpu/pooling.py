"""Pooling on the device. Gradients gather: each pixel reads the windows that it is in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...utils import Pair, conv_outsize
from .array import ndarray
from .copying import whole
from .elementwise import bits
from .program import floats, run_file

__all__ = ["avg_pool", "avg_pool_grad", "max_pool", "max_pool_gather", "max_pool_grad"]


def _sizes(xsize: Sequence[int], kernel_size: Pair, stride: Pair, pad: Pair) -> list[int]:
    """The parameters that all of these kernels take."""
    H, W = xsize
    outsize = conv_outsize((H, W), kernel_size, stride, pad)
    return [H, W, *outsize, *kernel_size, *stride, *pad]


def max_pool(x: ndarray, kernel_size: Pair, stride: Pair, pad: Pair) -> tuple[ndarray, ndarray]:
    """Maximum of each window, and its flat index in the window."""
    (x,) = floats(x)
    sizes = _sizes(x.shape[2:], kernel_size, stride, pad)
    shape = (*x.shape[:2], *sizes[2:4])
    y, indexes = x.new(shape, x.dtype), x.new(shape, np.int32)
    if y.size:
        run_file("max_pool", [whole(x)], [y, indexes], y.size, [*sizes, bits(-math.inf)])
    return y, indexes


def max_pool_grad(
    gy: ndarray, indexes: ndarray, xsize: Pair, kernel_size: Pair, stride: Pair, pad: Pair
) -> ndarray:
    """Gradient of max_pool: each pixel gathers from the windows whose maximum it is."""
    (gy,) = floats(gy)
    gx = gy.new((*gy.shape[:2], *xsize), gy.dtype)
    if gx.size:
        sizes = _sizes(xsize, kernel_size, stride, pad)
        run_file("max_pool_grad", [whole(gy), whole(indexes)], [gx], gx.size, sizes)
    return gx


def max_pool_gather(x: ndarray, indexes: ndarray, kernel_size: Pair, stride: Pair, pad: Pair) -> ndarray:
    """The pixels of x at the `indexes` of max_pool."""
    (x,) = floats(x)
    y = x.new(indexes.shape, x.dtype)
    if y.size:
        sizes = _sizes(x.shape[2:], kernel_size, stride, pad)
        run_file("max_pool_gather", [whole(x), whole(indexes)], [y], y.size, sizes)
    return y


def avg_pool(x: ndarray, kernel_size: Pair, stride: Pair, pad: Pair, count_include_pad: bool) -> ndarray:
    """Mean of each window."""
    (x,) = floats(x)
    sizes = _sizes(x.shape[2:], kernel_size, stride, pad)
    y = x.new((*x.shape[:2], *sizes[2:4]), x.dtype)
    if y.size:
        run_file("avg_pool", [whole(x)], [y], y.size, [*sizes, int(count_include_pad)])
    return y


def avg_pool_grad(
    gy: ndarray, xsize: Pair, kernel_size: Pair, stride: Pair, pad: Pair, count_include_pad: bool
) -> ndarray:
    """Gradient of avg_pool: each pixel gathers from the windows that it is in."""
    (gy,) = floats(gy)
    gx = gy.new((*gy.shape[:2], *xsize), gy.dtype)
    if gx.size:
        sizes = _sizes(xsize, kernel_size, stride, pad)
        run_file("avg_pool_grad", [whole(gy)], [gx], gx.size, [*sizes, int(count_include_pad)])
    return gx
