"""Convolution: a matrix product over columns of im2col, and its two gradients.

Column p of a matrix (C*KH*KW, N*OH*OW) holds the pixels under the kernel at position p. Columns are built
for a block of images, or of output pixels where one image is large, so that a block's columns take at most
`COLUMN_BYTES`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TypeAlias

import numpy as np

from ..._shapes import Array, Pair, conv_outsize
from .._calls import counted
from . import contraction
from .columns import add_back, add_pad, cut_pad, fill

COLUMN_BYTES = 4 * 2**20  # about what a core's caches hold; beyond, einsum slows down by a third

Window: TypeAlias = tuple[slice, slice]  # output rows and columns


def _blocks(N: int, outsize: Pair, pixel_bytes: int) -> Iterator[tuple[slice, list[Window]]]:
    """Cut images, and each image's output pixels, into blocks whose columns take at most COLUMN_BYTES.

    `pixel_bytes` is what the column of one output pixel takes.
    """
    OH, OW = outsize
    pixels = max(1, COLUMN_BYTES // max(1, pixel_bytes))
    width = min(OW, pixels)
    height = min(OH, max(1, pixels // OW))
    images = max(1, pixels // (OH * OW))
    windows = list(product(_cuts(OH, height), _cuts(OW, width)))
    for n in _cuts(N, images):
        yield n, windows


def _cuts(size: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]


def _under(padded: Array, window: Window, kernel_size: Pair, stride: Pair, dilation: Pair) -> Array:
    """The part of padded images that the kernel meets on its way along the window's output pixels."""
    rows, columns = (
        slice(out.start * s, (out.stop - 1) * s + (k - 1) * d + 1)
        for out, k, s, d in zip(window, kernel_size, stride, dilation, strict=True)
    )
    return padded[:, :, rows, columns]


def _size(window: Window) -> Pair:
    rows, columns = window
    return rows.stop - rows.start, columns.stop - columns.start


def _columns(
    padded: Array,
    groups: int,
    kernel_size: Pair,
    outsize: Pair,
    stride: Pair,
    dilation: Pair,
    sum_over_pixels: bool,
) -> Array:
    """Columns (G, C/G*KH*KW, N*OH*OW), contiguous along the axis that the product will sum over.

    With a BLAS both layouts serve equally, and the one along pixels is the faster to build.
    """
    (KH, KW), (OH, OW) = kernel_size, outsize
    N, C = padded.shape[:2]
    if contraction.HAS_BLAS or sum_over_pixels:
        memory = np.empty((C, KH, KW, N, OH, OW), padded.dtype)
        fill(memory.transpose(3, 0, 1, 2, 4, 5), padded, stride, dilation)
        return memory.reshape(groups, C // groups * KH * KW, N * OH * OW)
    memory = np.empty((groups, N, OH, OW, C // groups, KH, KW), padded.dtype)
    for g in range(groups):
        channels = slice(g * (C // groups), (g + 1) * (C // groups))
        fill(memory[g].transpose(0, 3, 4, 5, 1, 2), padded[:, channels], stride, dilation)
    return memory.reshape(groups, N * OH * OW, C // groups * KH * KW).swapaxes(1, 2)


def _pixels(y: Array, groups: int) -> Array:
    """Output pixels y (N, OC, OH, OW) as (G, OC/G, N*OH*OW), in the order of the columns."""
    N, OC, OH, OW = y.shape
    return y.swapaxes(0, 1).reshape(groups, OC // groups, N * OH * OW)


def _convolve(
    x: Array,
    W: Array,
    b: Array | None,
    stride: Pair,
    pad: Pair,
    dilation: Pair = (1, 1),
    groups: int = 1,
    relu: bool = False,
) -> Array:
    """Convolution: y[n, o] = sum over c of x[n, c] correlated with W[o, c], plus b[o].

    With `relu`, its positive part.
    """
    N = x.shape[0]
    OC, Cg, KH, KW = W.shape
    OH, OW = conv_outsize(x.shape[2:], (KH, KW), stride, pad, dilation)
    K = Cg * KH * KW
    y: Array = np.empty((N, OC, OH, OW), np.result_type(x, W))
    for images, windows in _blocks(N, (OH, OW), groups * K * x.itemsize):
        padded = add_pad(x[images], pad)
        for window in windows:
            size = _size(window)
            under = _under(padded, window, (KH, KW), stride, dilation)
            col = _columns(under, groups, (KH, KW), size, stride, dilation, sum_over_pixels=False)
            part = contraction.contract(W.reshape(groups, OC // groups, K), col)
            y[images, :, *window] = part.reshape(OC, len(padded), *size).swapaxes(0, 1)
    if b is not None:
        y += b.reshape(1, OC, 1, 1)
    return np.maximum(y, 0, out=y) if relu else y


conv2d = counted("numpy", "conv2d")(_convolve)


@counted("numpy")
def conv2d_gx(
    gy: Array,
    W: Array,
    b: Array | None,
    xsize: Pair,
    stride: Pair,
    pad: Pair,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Array:
    """Gradient of conv2d with respect to x, of height and width `xsize`.

    With a bias b (C,) it is the forward of deconv2d.
    """
    N, OC, OH, OW = gy.shape
    Cg, KH, KW = W.shape[1:]
    C, K = groups * Cg, Cg * KH * KW
    full_pad = (KH - 1) * dilation[0] - pad[0], (KW - 1) * dilation[1] - pad[1]
    most = C // 2 if contraction.HAS_BLAS else 4 * C
    if stride == (1, 1) and min(full_pad) >= 0 and most >= OC:
        # The same as a convolution with the kernels turned round. Its columns are OC/C times as large; where
        # that is more, einsum makes up for it by its sums, OC/G*KH*KW long instead of OC/G.
        turned = W.reshape(groups, OC // groups, Cg, KH, KW)[..., ::-1, ::-1].swapaxes(1, 2)
        return _convolve(gy, turned.reshape(C, OC // groups, KH, KW), b, stride, full_pad, dilation, groups)
    padded = np.zeros((N, C, xsize[0] + 2 * pad[0], xsize[1] + 2 * pad[1]), np.result_type(gy, W))
    Wt = W.reshape(groups, OC // groups, K).swapaxes(1, 2)
    for images, windows in _blocks(N, (OH, OW), groups * K * gy.itemsize):
        for window in windows:
            pixels = _pixels(gy[images, :, *window], groups)
            n = images.stop - images.start
            col = contraction.contract(Wt, pixels).reshape(C, KH, KW, n, *_size(window))
            under = _under(padded[images], window, (KH, KW), stride, dilation)
            add_back(under, col.transpose(3, 0, 1, 2, 4, 5), stride, dilation)
    gx = cut_pad(padded, pad)
    if b is not None:
        gx += b.reshape(1, C, 1, 1)
    return gx


@counted("numpy")
def conv2d_gW(
    x: Array, gy: Array, kernel_size: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1), groups: int = 1
) -> Array:
    """Gradient of conv2d with respect to W."""
    C = x.shape[1]
    N, OC, OH, OW = gy.shape
    KH, KW = kernel_size
    K = C // groups * KH * KW
    gW = np.zeros((groups, OC // groups, K), np.result_type(x, gy))
    for images, windows in _blocks(N, (OH, OW), groups * K * x.itemsize):
        padded = add_pad(x[images], pad)
        for window in windows:
            under = _under(padded, window, kernel_size, stride, dilation)
            col = _columns(under, groups, kernel_size, _size(window), stride, dilation, sum_over_pixels=True)
            gW += contraction.contract(_pixels(gy[images, :, *window], groups), col.swapaxes(1, 2))
    return gW.reshape(OC, C // groups, KH, KW)
