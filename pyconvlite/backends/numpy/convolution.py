"""Convolution, its two gradients, and the columns of im2col.

A convolution is a matrix product: column p of a matrix (C*KH*KW, N*OH*OW) has the pixels under the kernel at
position p. Columns are built block by block, for several images or for part of a large one, so that the
columns of a block take at most `COLUMN_BYTES`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from ..._shapes import Array
from .._calls import counted
from ..protocol import ConvGeometry
from . import contraction, depthwise
from .half import in_float32
from .taps import add_pad, cut_pad, each_tap, padded_zeros

COLUMN_BYTES = 4 * 2**20  # about the size of a core's caches; einsum is a third slower on larger blocks

Block = tuple[slice, slice]  # output rows and columns


def _blocks(N: int, geometry: ConvGeometry, pixel_bytes: int) -> Iterator[tuple[slice, list[Block]]]:
    """Divide the images, and the output pixels of each, into blocks whose columns take at most COLUMN_BYTES.

    `pixel_bytes` is the size of one column, which belongs to one output pixel.
    """
    OH, OW = geometry.output_size
    pixels = max(1, COLUMN_BYTES // max(1, pixel_bytes))
    width = max(1, min(OW, pixels))
    height = max(1, min(OH, pixels // width))
    images = max(1, pixels // max(1, OH * OW))
    blocks = list(product(_cuts(OH, height), _cuts(OW, width)))
    for n in _cuts(N, images):
        yield n, blocks


def _cuts(size: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]


def _of_block(padded: Array, block: Block, geometry: ConvGeometry) -> tuple[Array, ConvGeometry]:
    """The part of the padded images that a block's output depends on, and the block's geometry."""
    rows, columns = (
        slice(out.start * s, (out.stop - 1) * s + (k - 1) * d + 1)
        for out, k, s, d in zip(block, geometry.kernel_size, geometry.stride, geometry.dilation, strict=True)
    )
    size = block[0].stop - block[0].start, block[1].stop - block[1].start
    return padded[:, :, rows, columns], geometry._replace(output_size=size)


def _columns(under: Array, geometry: ConvGeometry, sum_over_pixels: bool) -> Array:
    """Columns (G, C/G*KH*KW, N*OH*OW), contiguous along the axis that the matrix product sums over.

    With a BLAS the layout does not matter, and the one that is contiguous along pixels is faster to build.
    """
    (KH, KW), (OH, OW), groups = geometry.kernel_size, geometry.output_size, geometry.groups
    N, C = under.shape[:2]
    if contraction.HAS_BLAS or sum_over_pixels:
        memory = np.empty((C, KH, KW, N, OH, OW), under.dtype)
        _fill(memory.transpose(3, 0, 1, 2, 4, 5), under, geometry)
        return memory.reshape(groups, C // groups * KH * KW, N * OH * OW)
    memory = np.empty((groups, N, OH, OW, C // groups, KH, KW), under.dtype)
    for g in range(groups):
        channels = slice(g * (C // groups), (g + 1) * (C // groups))
        _fill(memory[g].transpose(0, 3, 4, 5, 1, 2), under[:, channels], geometry)
    return memory.reshape(groups, N * OH * OW, C // groups * KH * KW).swapaxes(1, 2)


def _fill(col: Array, padded: Array, geometry: ConvGeometry) -> None:
    """Copy padded's pixels into col (N, C, KH, KW, OH, OW), of any memory layout."""
    KW = geometry.kernel_size[1]
    for k, tap in enumerate(each_tap(padded, geometry)):
        col[:, :, k // KW, k % KW] = tap


def _add_back(padded: Array, col: Array, geometry: ConvGeometry) -> None:
    """Add col (N, C, KH, KW, OH, OW) to the pixels of padded that im2col copied it from."""
    KW = geometry.kernel_size[1]
    for k, tap in enumerate(each_tap(padded, geometry)):
        tap += col[:, :, k // KW, k % KW]


def _pixels(y: Array, groups: int) -> Array:
    """Output pixels y (N, OC, OH, OW) as (G, OC/G, N*OH*OW), in the order of the columns."""
    N, OC, OH, OW = y.shape
    return y.swapaxes(0, 1).reshape(groups, OC // groups, N * OH * OW)


def _conv2d(
    x: Array, W: Array, b: Array | None, geometry: ConvGeometry, relu: bool = False, most: float = math.inf
) -> Array:
    y = (
        depthwise.conv2d(x, W, geometry)
        if depthwise.suits(x, W, (x.shape[1], len(W)), geometry)
        else _by_columns(x, W, geometry)
    )
    if b is not None:
        y += b.reshape(1, -1, 1, 1)
    return clipped(y, most) if relu else y


def clipped(y: Array, most: float) -> Array:
    """y, clipped in place to [0, most]."""
    np.maximum(y, 0, out=y)
    return y if most == math.inf else np.minimum(y, most, out=y)


def _by_columns(x: Array, W: Array, geometry: ConvGeometry) -> Array:
    N = x.shape[0]
    OC, Cg, KH, KW = W.shape
    groups, K = geometry.groups, Cg * KH * KW
    y: Array = np.empty((N, OC, *geometry.output_size), np.result_type(x, W))
    for images, blocks in _blocks(N, geometry, groups * K * x.itemsize):
        padded = add_pad(x[images], geometry.edges)
        for block in blocks:
            under, part = _of_block(padded, block, geometry)
            col = _columns(under, part, sum_over_pixels=False)
            sums = contraction.contract(W.reshape(groups, OC // groups, K), col)
            y[images, :, *block] = sums.reshape(OC, len(padded), *part.output_size).swapaxes(0, 1)
    return y


conv2d = counted("numpy", "conv2d")(_conv2d)


@counted("numpy")
@in_float32
def conv2d_gx(gy: Array, W: Array, b: Array | None, geometry: ConvGeometry) -> Array:
    OC, Cg, KH, KW = W.shape
    groups, pad, dilation = geometry.groups, geometry.pad, geometry.dilation
    C = groups * Cg
    full_pad = (KH - 1) * dilation[0] - pad[0], (KW - 1) * dilation[1] - pad[1]
    most = C if contraction.HAS_BLAS else 4 * C
    finite = np.isfinite(W).all()  # otherwise the zeros around gy, times a weight, would be NaN
    if geometry.stride == (1, 1) and min(full_pad) >= 0 and most >= OC and finite:
        # A convolution of gy with rotated kernels. Its columns are OC/C times as large, but einsum's sums are
        # longer, OC/G*KH*KW instead of OC/G elements, which makes up for more columns up to `most`.
        rotated = W.reshape(groups, OC // groups, Cg, KH, KW)[..., ::-1, ::-1].swapaxes(1, 2)
        back = geometry._replace(
            pad=full_pad, input_size=geometry.output_size, output_size=geometry.input_size
        )
        return _conv2d(gy, rotated.reshape(C, OC // groups, KH, KW), b, back)
    is_depthwise = finite and depthwise.suits(gy, W, (C, OC), geometry)
    gx = (depthwise.conv2d_gx if is_depthwise else _gx_by_columns)(gy, W, geometry)
    if b is not None:
        gx += b.reshape(1, C, 1, 1)
    return gx


def _gx_by_columns(gy: Array, W: Array, geometry: ConvGeometry) -> Array:
    OC, Cg, KH, KW = W.shape
    groups, K = geometry.groups, Cg * KH * KW
    padded = padded_zeros((len(gy), groups * Cg), geometry, np.result_type(gy, W))
    Wt = W.reshape(groups, OC // groups, K).swapaxes(1, 2)
    for images, blocks in _blocks(len(gy), geometry, groups * K * gy.itemsize):
        for block in blocks:
            under, part = _of_block(padded[images], block, geometry)
            col = contraction.contract(Wt, _pixels(gy[images, :, *block], groups))
            col = col.reshape(groups * Cg, KH, KW, len(under), *part.output_size)
            _add_back(under, col.transpose(3, 0, 1, 2, 4, 5), part)
    return cut_pad(padded, geometry)


@counted("numpy")
@in_float32
def conv2d_gW(x: Array, gy: Array, geometry: ConvGeometry) -> Array:
    (N, C), OC = x.shape[:2], gy.shape[1]
    if depthwise.suits(x, gy, (C, OC), geometry):
        gW = depthwise.conv2d_gW(x, gy, geometry)
        if np.isfinite(gW).all():  # otherwise NaN may come from a pixel under no window, times 0
            return gW
    (KH, KW), groups = geometry.kernel_size, geometry.groups
    K = C // groups * KH * KW
    gW = np.zeros((groups, OC // groups, K), np.result_type(x, gy))
    for images, blocks in _blocks(N, geometry, groups * K * x.itemsize):
        padded = add_pad(x[images], geometry.edges)
        for block in blocks:
            under, part = _of_block(padded, block, geometry)
            col = _columns(under, part, sum_over_pixels=True)
            gW += contraction.contract(_pixels(gy[images, :, *block], groups), col.swapaxes(1, 2))
    return gW.reshape(OC, C // groups, KH, KW)


@counted("numpy")
def im2col(x: Array, geometry: ConvGeometry) -> Array:
    col = np.empty((*x.shape[:2], *geometry.kernel_size, *geometry.output_size), x.dtype)
    _fill(col, add_pad(x, geometry.edges), geometry)
    return col


@counted("numpy")
@in_float32
def col2im(col: Array, geometry: ConvGeometry) -> Array:
    padded = padded_zeros(col.shape[:2], geometry, col.dtype)
    _add_back(padded, col, geometry)
    return cut_pad(padded, geometry)
