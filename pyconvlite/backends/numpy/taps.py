"""Padding, and the strided view of the pixels under each kernel element, for convolution and pooling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..._shapes import Array, Pair
from ..protocol import ConvGeometry


def padded_zeros(shape: tuple[int, int], geometry: ConvGeometry, dtype: np.dtype[Any]) -> Array:
    """Zeros (N, C, H + 2 * PH, W + 2 * PW), which gradients are added to."""
    (PH, PW), (H, W) = geometry.pad, geometry.input_size
    return np.zeros((*shape, H + 2 * PH, W + 2 * PW), dtype)


def add_pad(x: Array, pad: Pair, value: float = 0) -> Array:
    """Images with a border of `value`; x itself if there is no padding."""
    PH, PW = pad
    if PH == PW == 0:
        return x
    N, C, H, W = x.shape
    padded = np.full((N, C, H + 2 * PH, W + 2 * PW), value, x.dtype)
    padded[:, :, PH : PH + H, PW : PW + W] = x
    return padded


def cut_pad(x: Array, pad: Pair) -> Array:
    """The images without their padding, as a view."""
    PH, PW = pad
    return x[:, :, PH : x.shape[2] - PH, PW : x.shape[3] - PW]


def each_tap(padded: Array, geometry: ConvGeometry) -> Iterator[Array]:
    """For each kernel element (kh, kw), row-major, a view (N, C, OH, OW) of the pixels that it multiplies."""
    (KH, KW), (SH, SW), (DH, DW) = geometry.kernel_size, geometry.stride, geometry.dilation
    OH, OW = geometry.output_size
    for kh in range(KH):
        for kw in range(KW):
            top, left = kh * DH, kw * DW
            yield padded[:, :, top : top + SH * (OH - 1) + 1 : SH, left : left + SW * (OW - 1) + 1 : SW]
