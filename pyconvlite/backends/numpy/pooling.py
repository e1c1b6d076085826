"""Max pooling and average pooling, with their gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._shapes import Array, Pair, conv_outsize, lowest
from .._calls import counted
from .columns import add_pad, cut_pad, each_tap

# ------------------------------------------------------------------------------------------------ max pooling


@counted("numpy")
def max_pool(x: Array, kernel_size: Pair, stride: Pair, pad: Pair) -> tuple[Array, Array]:
    """Maximum of each window, and which pixel of the window it is: kh * KW + kw of the first one.

    Padding never wins over a pixel, and NaN wins over everything.
    """
    KH, KW = kernel_size
    outsize = conv_outsize(x.shape[2:], kernel_size, stride, pad)
    padded = add_pad(x, pad, lowest(x.dtype))
    taps = list(each_tap(padded, kernel_size, stride, outsize))
    y = taps[0].copy()
    indexes = np.empty(y.shape, np.min_scalar_type(KH * KW))
    indexes[:] = _first_pixel(kernel_size, stride, pad, outsize)
    for k, tap in enumerate(taps):
        # k where this pixel is the largest so far, else 0; as k grows, the maximum keeps the latest.
        np.maximum(indexes, (tap > y) * indexes.dtype.type(k), out=indexes)
        np.maximum(y, tap, out=y)
    if x.dtype.kind == "f" and np.isnan(y).any():
        for k, tap in reversed(list(enumerate(taps))):
            np.copyto(indexes, k, where=np.isnan(tap))
    return y, indexes


def _first_pixel(kernel_size: Pair, stride: Pair, pad: Pair, outsize: Pair) -> Array:
    """Index, in each window, of the first pixel that is not padding: (OH, OW)."""
    kh, kw = (np.clip(pad[i] - stride[i] * np.arange(outsize[i]), 0, kernel_size[i] - 1) for i in range(2))
    return kh[:, np.newaxis] * kernel_size[1] + kw


@counted("numpy")
def max_pool_grad(
    gy: Array, indexes: Array, xsize: Pair, kernel_size: Pair, stride: Pair, pad: Pair
) -> Array:
    """Gradient of max_pool: gy (N, C, OH, OW) added at the pixels that `indexes` names."""
    N, C = gy.shape[:2]
    padded = np.zeros((N, C, xsize[0] + 2 * pad[0], xsize[1] + 2 * pad[1]), gy.dtype)
    pixels = padded.reshape(-1)  # a view
    positions = _positions(indexes, padded.shape, kernel_size, stride)
    if stride[0] >= kernel_size[0] and stride[1] >= kernel_size[1]:  # no pixel lies in two windows
        pixels[positions] = gy
    else:
        np.add.at(pixels, positions.ravel(), gy.ravel())
    return cut_pad(padded, pad)


@counted("numpy")
def max_pool_gather(x: Array, indexes: Array, kernel_size: Pair, stride: Pair, pad: Pair) -> Array:
    """The pixels of x that `indexes` names, one for each window: the adjoint of max_pool_grad."""
    padded = add_pad(x, pad)
    return padded.reshape(-1)[_positions(indexes, padded.shape, kernel_size, stride)]


def _positions(indexes: Array, shape: tuple[int, ...], kernel_size: Pair, stride: Pair) -> Array:
    """Where the pixels that `indexes` names lie in padded images of this shape, made flat."""
    N, C, H, W = shape
    OH, OW = indexes.shape[2:]
    kh, kw = np.divmod(indexes.astype(np.intp), kernel_size[1])
    corners = (np.arange(OH) * stride[0] * W)[:, np.newaxis] + np.arange(OW) * stride[1]
    corners = np.arange(N * C).reshape(N, C, 1, 1) * (H * W) + corners
    positions: Array = corners + kh * W + kw
    return positions


# -------------------------------------------------------------------------------------------- average pooling


@counted("numpy")
def avg_pool(x: Array, kernel_size: Pair, stride: Pair, pad: Pair, count_include_pad: bool) -> Array:
    """Mean of each window; padding counts as zeros, or not at all."""
    outsize = conv_outsize(x.shape[2:], kernel_size, stride, pad)
    y: Array = np.zeros((*x.shape[:2], *outsize), np.result_type(x.dtype, 1.0))
    for tap in each_tap(add_pad(x, pad), kernel_size, stride, outsize):
        y += tap
    y /= _counts(x.shape[2:], kernel_size, stride, pad, outsize, count_include_pad).astype(y.dtype)
    return y


@counted("numpy")
def avg_pool_grad(
    gy: Array, xsize: Pair, kernel_size: Pair, stride: Pair, pad: Pair, count_include_pad: bool
) -> Array:
    """Gradient of avg_pool with respect to x, of height and width `xsize`."""
    N, C, OH, OW = gy.shape
    padded = np.zeros((N, C, xsize[0] + 2 * pad[0], xsize[1] + 2 * pad[1]), gy.dtype)
    share = gy / _counts(xsize, kernel_size, stride, pad, (OH, OW), count_include_pad).astype(gy.dtype)
    for tap in each_tap(padded, kernel_size, stride, (OH, OW)):
        tap += share
    return cut_pad(padded, pad)


def _counts(
    xsize: Sequence[int], kernel_size: Pair, stride: Pair, pad: Pair, outsize: Pair, count_include_pad: bool
) -> Array:
    """How many pixels each window's mean is taken over, at least 1: (OH, OW)."""
    if count_include_pad:
        return np.full(outsize, kernel_size[0] * kernel_size[1])
    inside = []
    for i in range(2):
        start = stride[i] * np.arange(outsize[i]) - pad[i]
        stop = np.minimum(start + kernel_size[i], xsize[i])
        inside.append(np.maximum(stop - np.maximum(start, 0), 0))
    counts: Array = np.maximum(inside[0][:, np.newaxis] * inside[1], 1)
    return counts
