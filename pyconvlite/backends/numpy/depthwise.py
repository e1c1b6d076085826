"""Depthwise convolution and its gradients: each channel has a kernel of its own.

The padded images of a channel are contiguous, one after the other, so that the pixels under a kernel element
are one slice of them, computed in one long loop instead of a short one for each row. The slice also has
windows that cross an edge, whose results are dropped. A stride divides the pixels into phases, each of which
is convolved without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from ..._shapes import Array
from ..protocol import ConvGeometry
from . import contraction
from .taps import add_pad, cut_pad, padded_zeros

MOST_BYTES = 2**30  # of a view of the pixels under each kernel element

Phase = tuple[slice, slice]  # rows and columns, both of the padded images and of the kernel


def suits(x: Array, other: Array, channels: tuple[int, int], geometry: ConvGeometry) -> bool:
    """Whether these functions can compute it from x (or gy) and W (or gy), with `channels` = (C, OC).

    Each channel must have one kernel, and no axis both a stride and a dilation.
    """
    return (
        channels == (geometry.groups, geometry.groups)
        and x.size > 0
        and x.dtype == other.dtype != np.float16  # einsum would round float16 after each addition
        and all(1 in both for both in zip(geometry.stride, geometry.dilation, strict=True))
    )


def conv2d(x: Array, W: Array, geometry: ConvGeometry) -> Array:
    padded, (OH, OW) = add_pad(x.swapaxes(0, 1), geometry.edges), geometry.output_size
    y = np.empty((*x.shape[:2], OH, OW), x.dtype)
    for i, phase in enumerate(_phases(geometry)):
        part = _correlated(padded[:, :, *phase], W[:, 0, *phase], geometry)[:, :, :OH, :OW]
        if i:
            y += part.swapaxes(0, 1)
        else:
            y[:] = part.swapaxes(0, 1)
    return y


def conv2d_gx(gy: Array, W: Array, geometry: ConvGeometry) -> Array:
    padded = padded_zeros(gy.shape[:2], geometry, gy.dtype)
    for phase in _phases(geometry):
        rotated = W[:, 0, *phase][:, ::-1, ::-1]
        PH, PW = ((k - 1) * d for k, d in zip(rotated.shape[1:], geometry.dilation, strict=True))
        part = _correlated(add_pad(gy.swapaxes(0, 1), ((PH, PH), (PW, PW))), rotated, geometry)
        padded[:, :, *phase][:, :, : part.shape[2], : part.shape[3]] = part.swapaxes(0, 1)
    return cut_pad(padded, geometry)


def conv2d_gW(x: Array, gy: Array, geometry: ConvGeometry) -> Array:
    padded, (OH, OW) = add_pad(x.swapaxes(0, 1), geometry.edges), geometry.output_size
    gW = np.empty((x.shape[1], 1, *geometry.kernel_size), x.dtype)
    for phase in _phases(geometry):
        images, part = np.ascontiguousarray(padded[:, :, *phase]), gW[:, 0, *phase]
        g = np.zeros_like(images)
        g[:, :, :OH, :OW] = gy.swapaxes(0, 1)
        for block in _blocks(images, part.shape[1:]):
            under = _under(images[block], part.shape[1:], geometry)
            rows = g[block].reshape(len(under), 1, 1, -1)[..., : under.shape[-1]]
            part[block] = contraction.row_products(under, rows)
    return gW


def _phases(geometry: ConvGeometry) -> Iterator[Phase]:
    (SH, SW), (KH, KW) = geometry.stride, geometry.kernel_size
    for top, left in product(range(min(SH, KH)), range(min(SW, KW))):
        yield slice(top, None, SH), slice(left, None, SW)


def _blocks(images: Array, kernel_size: tuple[int, ...]) -> Iterator[slice]:
    """Blocks of channels for which a view by `_under` fits NumPy's 32-bit sizes in Pyodide."""
    C = len(images)
    step = max(1, MOST_BYTES // (images.nbytes // C * math.prod(kernel_size)))
    for start in range(0, C, step):
        yield slice(start, start + step)


def _under(images: Array, kernel_size: tuple[int, ...], geometry: ConvGeometry) -> Array:
    """The pixels of contiguous images (C, N, H, W) under each kernel element: a view (C, KH, KW, pixels)."""
    C, N, H, W = images.shape
    (KH, KW), (DH, DW) = kernel_size, geometry.dilation
    pixels = N * H * W - (KH - 1) * DH * W - (KW - 1) * DW  # as many as the last kernel element has
    strides = [steps * images.itemsize for steps in (N * H * W, DH * W, DW, 1)]
    return np.ndarray((C, KH, KW, pixels), images.dtype, images, 0, strides)


def _correlated(images: Array, W: Array, geometry: ConvGeometry) -> Array:
    """Images (C, N, H, W) under W (C, KH, KW) at each position, without stride and padding, as a view."""
    images = np.ascontiguousarray(images)
    y = np.empty_like(images)
    for block in _blocks(images, W.shape[1:]):
        under = _under(images[block], W.shape[1:], geometry)
        contraction.weighted_sums(W[block], under, y[block].reshape(len(under), -1)[:, : under.shape[-1]])
    rows, columns = (
        size - (k - 1) * d
        for size, k, d in zip(images.shape[2:], W.shape[1:], geometry.dilation, strict=True)
    )
    return y[:, :, :rows, :columns]
