"""Max pooling and average pooling, with their gradients."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array, Pair, lowest
from .._calls import counted
from ..protocol import ConvGeometry
from .half import in_float32
from .taps import add_pad, cut_pad, each_tap, padded_zeros

# ------------------------------------------------------------------------------------------------ max pooling

MANY = 32  # pixels of a window from which one search for the maximum is faster than a comparison with each


@counted("numpy")
def max_pool(x: Array, geometry: ConvGeometry) -> tuple[Array, Array]:
    padded = np.ascontiguousarray(add_pad(x, geometry.edges, lowest(x.dtype)))
    pixels = math.prod(geometry.kernel_size)
    index_type = np.min_scalar_type(pixels)
    if pixels >= MANY and math.prod(geometry.output_size) * pixels <= 2 * math.prod(padded.shape[2:]):
        windows = _windows(padded, geometry)  # which hardly overlap
        found = np.maximum(windows.argmax(axis=-1), _first_pixel(geometry))
        y = np.take_along_axis(windows, found[..., np.newaxis], -1)[..., 0]
        return y, found.astype(index_type)
    taps = list(each_tap(padded, geometry))
    y = taps[0].copy()
    indexes = np.empty(y.shape, index_type)
    indexes[:] = _first_pixel(geometry)
    for k, tap in enumerate(taps):
        # k where this pixel is the largest so far, else 0; k grows, so np.maximum keeps the latest.
        np.maximum(indexes, (tap > y) * indexes.dtype.type(k), out=indexes)
        np.maximum(y, tap, out=y)
    if x.dtype.kind == "f" and np.isnan(y).any():
        for k, tap in reversed(list(enumerate(taps))):
            np.copyto(indexes, k, where=np.isnan(tap))
    return y, indexes


def _windows(padded: Array, geometry: ConvGeometry) -> Array:
    """The pixels of each window, row-major: (N, C, OH, OW, KH * KW)."""
    (OH, OW), (SH, SW), (DH, DW) = geometry.output_size, geometry.stride, geometry.dilation
    spans = [(k - 1) * d + 1 for k, d in zip(geometry.kernel_size, geometry.dilation, strict=True)]
    sliding = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=(2, 3))  # type: ignore[call-overload]
    windows: Array = sliding[:, :, : SH * OH : SH, : SW * OW : SW, ::DH, ::DW]
    return windows.reshape(*windows.shape[:4], math.prod(geometry.kernel_size))


def _first_pixel(geometry: ConvGeometry) -> Array:
    """Index of the first pixel of each window that is not padding: (OH, OW)."""
    kh, kw = (
        np.clip(-(geometry.starts(axis) // geometry.dilation[axis]), 0, size - 1)  # rounded up
        for axis, size in enumerate(geometry.kernel_size)
    )
    first: Array = kh[:, np.newaxis] * geometry.kernel_size[1] + kw
    return first


@counted("numpy")
@in_float32
def max_pool_grad(gy: Array, indexes: Array, geometry: ConvGeometry) -> Array:
    (KH, KW), (SH, SW), (DH, DW) = geometry.kernel_size, geometry.stride, geometry.dilation
    padded = padded_zeros(gy.shape[:2], geometry, gy.dtype)
    pixels = padded.reshape(-1)  # a view
    positions = _positions(indexes, padded.shape, geometry)
    if SH > (KH - 1) * DH and SW > (KW - 1) * DW:  # no pixel is in two windows
        pixels[positions] = gy
    else:
        np.add.at(pixels, positions.ravel(), gy.ravel())
    return cut_pad(padded, geometry)


@counted("numpy")
def max_pool_gather(x: Array, indexes: Array, geometry: ConvGeometry) -> Array:
    padded = add_pad(x, geometry.edges)
    return padded.reshape(-1)[_positions(indexes, padded.shape, geometry)]


def _positions(indexes: Array, shape: tuple[int, ...], geometry: ConvGeometry) -> Array:
    """Flat indexes, into padded images of this shape, of the pixels at `indexes`.

    Raises:
        IndexError: an index is not one of a window's pixels.
    """
    if indexes.size and not 0 <= indexes.min() <= indexes.max() < math.prod(geometry.kernel_size):
        KH, KW = geometry.kernel_size
        raise IndexError(f"an index of max pooling must be from 0 to {KH * KW - 1} for a {KH}x{KW} kernel")
    N, C, H, W = shape
    (OH, OW), (SH, SW), (DH, DW) = geometry.output_size, geometry.stride, geometry.dilation
    corners = _grid((OH, OW), (SH * W, SW))
    corners = np.arange(0, N * C * H * W, H * W).reshape(N, C, 1, 1) + corners
    offsets = _grid(geometry.kernel_size, (DH * W, DW)).ravel()
    return corners + offsets.take(indexes)


def _grid(shape: Pair, steps: Pair) -> Array:
    """Flat indexes of pixels at these distances."""
    rows, columns = (np.arange(0, n * step, step) for n, step in zip(shape, steps, strict=True))
    return rows[:, np.newaxis] + columns


# -------------------------------------------------------------------------------------------- average pooling


@counted("numpy")
def avg_pool(x: Array, geometry: ConvGeometry, count_include_pad: bool) -> Array:
    dtype = np.result_type(x.dtype, 1.0)
    y: Array = np.zeros((*x.shape[:2], *geometry.output_size), np.promote_types(dtype, np.float32))
    for tap in each_tap(add_pad(x, geometry.edges), geometry):
        y += tap
    y /= _counts(geometry, count_include_pad).astype(y.dtype)
    return y.astype(dtype, copy=False)


@counted("numpy")
def avg_pool_grad(gy: Array, geometry: ConvGeometry, count_include_pad: bool) -> Array:
    dtype = np.promote_types(gy.dtype, np.float32)
    padded = padded_zeros(gy.shape[:2], geometry, dtype)
    share = gy / _counts(geometry, count_include_pad).astype(dtype)
    for tap in each_tap(padded, geometry):
        tap += share
    return cut_pad(padded, geometry).astype(gy.dtype, copy=False)


def _counts(geometry: ConvGeometry, count_include_pad: bool) -> Array:
    """Number of pixels in each window's mean, at least 1: (OH, OW)."""
    if count_include_pad:
        return np.full(geometry.output_size, math.prod(geometry.kernel_size))
    inside = []
    for i in range(2):
        start = geometry.starts(i)
        stop = np.minimum(start + geometry.kernel_size[i], geometry.input_size[i])
        inside.append(np.maximum(stop - np.maximum(start, 0), 0))
    counts: Array = np.maximum(inside[0][:, np.newaxis] * inside[1], 1)
    return counts
