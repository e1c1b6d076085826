"""Convolution, its two gradients, and the columns of im2col."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache, reduce
from itertools import pairwise

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from ..numpy.convolution import clipped
from ..protocol import ConvGeometry
from . import objects
from .library import library
from .matmul import matmul
from .serving import address, all_float32, contiguous, fits, plane_sizes, with_fallback
from .threads import cut, items, partial, pool, result, scalars, whole

# All parts but the last have a multiple of so many channels: fewer are computed by another algorithm.
CHANNELS = 8
# Multiply-adds from which a convolution is cut along its channels. Each part copies and rearranges all of x,
# which costs as much as it saves in smaller ones, such as those of EfficientNet-Lite0.
LEAST_FOR_CHANNELS = 24e6


@lru_cache(1024)
def _sizes(N: int, C: int, W_shape: tuple[int, ...], geometry: ConvGeometry) -> tuple[int, ...] | None:
    """The side module's size arguments; None if the shape of W does not fit the geometry."""
    OC, Cg, *kernel_size = W_shape
    groups = geometry.groups
    if Cg * groups != C or OC % groups or tuple(kernel_size) != geometry.kernel_size or not fits(geometry):
        return None
    rest = *geometry.kernel_size, *geometry.stride, *geometry.pad, *geometry.dilation, groups
    return N, C, *geometry.input_size, OC, *geometry.output_size, *rest


def _bias(b: Array | None, channels: int) -> tuple[Array | None, int] | None:
    """The contiguous bias and its address, 0 without a bias; None if its shape is not (channels,)."""
    if b is None:
        return None, 0
    if b.shape != (channels,):
        return None
    b = contiguous(b)
    return b, address(b)


@lru_cache(1024)
def _is_one_window(geometry: ConvGeometry) -> bool:
    """Whether the kernel covers the image exactly: convolution is a matrix product then, without columns."""
    same_size = geometry.kernel_size == geometry.input_size and geometry.output_size == (1, 1)
    return same_size and (geometry.pad, geometry.dilation, geometry.groups) == ((0, 0), (1, 1), 1)


def _rows(a: Array) -> Array:
    """Images or kernels as a matrix with a row for each."""
    return a.reshape(len(a), -1)


def _channels(
    own: Array, other: Array, W: Array, groups: int, work: float, times: int
) -> tuple[int, ...] | None:
    """Where parts of the channels of `own` begin; each takes all of `other`. None if they are not to be cut.

    They are for one image, and where W is at least so many `times` as large as `other`: parts of the images
    would copy and transform all of W. Unlike those, they are not bit-identical to one thread.
    """
    if groups > 1 or work < LEAST_FOR_CHANNELS or (len(own) > 1 and W.nbytes < times * other.nbytes):
        return None
    return pool.split(own.shape[1], work, W.nbytes + own.nbytes, other.nbytes, CHANNELS, CHANNELS)


def _apart(a: Array, bounds: Sequence[int]) -> Array:
    """`a` (N, C, ...) as its parts (N, channels of the part, ...), one after the other."""
    N, C, *rest = a.shape
    if N == 1:
        return a
    parts = np.empty((C, a.size // C), np.float32)
    for i, j in pairwise(bounds):
        parts[i:j].reshape(N, j - i, *rest)[...] = a[:, i:j]
    return parts


def _joined(parts: Array, bounds: Sequence[int]) -> Array:
    """The inverse: an array whose memory holds such parts, in order."""
    N, C, *rest = parts.shape
    if N == 1:
        return parts
    pieces = np.split(parts.reshape(C, -1), bounds[1:-1])
    return np.concatenate([p.reshape(N, -1, *rest) for p in pieces], axis=1)


@lru_cache
def _bits(number: float) -> int:
    """The bits of a positive float32, as an integer; 1, the smallest subnormal, for what rounds to 0."""
    return int(np.float32(number).view(np.int32)) or 1


@with_fallback(reference.conv2d)
def conv2d(
    x: Array, W: Array, b: Array | None, geometry: ConvGeometry, relu: bool = False, most: float = math.inf
) -> Array | None:
    N, C = x.shape[:2]
    sizes, bias = _sizes(N, C, W.shape, geometry), _bias(b, W.shape[0])
    if sizes is None or bias is None or x.shape[2:] != geometry.input_size or not all_float32(x, W, b):
        return None
    OC = W.shape[0]
    if _is_one_window(geometry):
        y = matmul(_rows(x), _rows(W).T)
        if b is not None:
            y += b
        return (clipped(y, most) if relu else y).reshape(N, OC, 1, 1)
    y = np.empty((N, OC, *geometry.output_size), np.float32)
    x, W = contiguous(x), contiguous(W)
    bound = _bits(most) if relu else 0
    work = y.size * W.size // OC
    if work >= pool.least and geometry.groups < OC:
        b = bias[0]
        if bounds := _channels(y, x, W, geometry.groups, work, 8):
            arguments = result(y, OC) + whole(x) + cut(W, OC) + cut(b, OC)
            arguments += scalars(bound, *sizes[:4]) + items(bounds) + scalars(*sizes[5:])
            return _joined(y, bounds) if pool.run(library.conv2d, bounds, arguments, refuses=True) else None
        least = library.least_images(0, *sizes)
        if bounds := pool.split(N, work, x.nbytes + y.nbytes, W.nbytes, least=least):
            arguments = result(y, N) + cut(x, N) + whole(W) + whole(b)
            arguments += scalars(bound) + items(bounds) + scalars(*sizes[1:])
            return y if pool.run(library.conv2d, bounds, arguments, refuses=True) else None
    return y if library.conv2d(address(y), address(x), address(W), bias[1], bound, *sizes) else None


@with_fallback(reference.conv2d_gx)
def conv2d_gx(gy: Array, W: Array, b: Array | None, geometry: ConvGeometry) -> Array | None:
    N, C = len(gy), W.shape[1] * geometry.groups
    sizes, bias = _sizes(N, C, W.shape, geometry), _bias(b, C)
    if sizes is None or bias is None or not all_float32(gy, W, b):
        return None
    if gy.shape[1:] != (W.shape[0], *geometry.output_size):
        return None
    if _is_one_window(geometry):
        gx = matmul(_rows(gy), _rows(W)).reshape(N, C, *geometry.input_size)
        if b is not None:
            gx += b[:, np.newaxis, np.newaxis]
        return gx
    gx = np.empty((N, C, *geometry.input_size), np.float32)
    gy, W = contiguous(gy), contiguous(W)
    work = gy.size * W.size // len(W)
    if work >= pool.least and W.shape[1] > 1:
        b = bias[0]
        if bounds := _channels(gx, gy, W, geometry.groups, work, 8):
            W = _apart(W, bounds)
            arguments = result(gx, C) + whole(gy) + cut(W, C) + cut(b, C)
            arguments += scalars(N) + items(bounds) + scalars(*sizes[2:])
            ran = pool.run(library.conv2d_gx, bounds, arguments, refuses=True)
            return _joined(gx, bounds) if ran else None
        least = library.least_images(1, *sizes)
        if bounds := pool.split(N, work, gx.nbytes + gy.nbytes, W.nbytes, least=least):
            arguments = result(gx, N) + cut(gy, N) + whole(W) + whole(b) + items(bounds) + scalars(*sizes[1:])
            return gx if pool.run(library.conv2d_gx, bounds, arguments, refuses=True) else None
    return gx if library.conv2d_gx(address(gx), address(gy), address(W), bias[1], *sizes) else None


@with_fallback(reference.conv2d_gW)
def conv2d_gW(x: Array, gy: Array, geometry: ConvGeometry) -> Array | None:
    N, C = x.shape[:2]
    W_shape = gy.shape[1], C // geometry.groups, *geometry.kernel_size
    sizes = _sizes(N, C, W_shape, geometry)
    if sizes is None or not all_float32(x, gy) or x.shape[2:] != geometry.input_size:
        return None
    if (len(gy), *gy.shape[2:]) != (N, *geometry.output_size):
        return None
    if _is_one_window(geometry):
        return matmul(_rows(gy).T, _rows(x)).reshape(W_shape)
    gW = np.empty(W_shape, np.float32)
    x, gy = contiguous(x), contiguous(gy)
    work = gy.size * gW.size // len(gW)
    if work >= pool.least:
        OC = len(gW)
        if bounds := _channels(gy, x, gW, geometry.groups, work, 2):  # parts of the images would be added
            gy = _apart(gy, bounds)
            arguments = result(gW, OC) + whole(x) + cut(gy, OC)
            arguments += scalars(*sizes[:4]) + items(bounds) + scalars(*sizes[5:])
            return gW if pool.run(library.conv2d_gW, bounds, arguments, refuses=True) else None
        if bounds := pool.split(N, work, x.nbytes + gy.nbytes, gW.nbytes):
            sums = np.empty((len(bounds) - 1, *W_shape), np.float32)
            arguments = partial(sums) + cut(x, N) + cut(gy, N) + items(bounds) + scalars(*sizes[1:])
            ran = pool.run(library.conv2d_gW, bounds, arguments, refuses=True)
            return reduce(objects.bound.add, sums) if ran else None  # in the order of the parts
    return gW if library.conv2d_gW(address(gW), address(x), address(gy), *sizes) else None


@with_fallback(reference.im2col)
def im2col(x: Array, geometry: ConvGeometry) -> Array | None:
    if not all_float32(x) or x.shape[2:] != geometry.input_size or not fits(geometry):
        return None
    col = np.empty((*x.shape[:2], *geometry.kernel_size, *geometry.output_size), np.float32)
    x = contiguous(x)
    library.im2col(address(col), address(x), *plane_sizes(x.shape[:2], geometry))
    return col


@with_fallback(reference.col2im)
def col2im(col: Array, geometry: ConvGeometry) -> Array | None:
    if not all_float32(col) or col.shape[2:] != (*geometry.kernel_size, *geometry.output_size):
        return None
    if not fits(geometry):
        return None
    x = np.zeros((*col.shape[:2], *geometry.input_size), np.float32)
    col = contiguous(col)
    library.col2im(address(x), address(col), *plane_sizes(col.shape[:2], geometry))
    return x
