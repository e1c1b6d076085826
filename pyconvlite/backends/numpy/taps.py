"""What convolution and pooling share: padded images, and the strided views of them that a kernel meets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..._shapes import Array, Pair
from ..protocol import ConvGeometry


def padded_zeros(shape: tuple[int, int], geometry: ConvGeometry, dtype: np.dtype[Any]) -> Array:
    """Zeros (N, C, H + 2 * PH, W + 2 * PW), to add gradients to."""
    (PH, PW), (H, W) = geometry.pad, geometry.input_size
    return np.zeros((*shape, H + 2 * PH, W + 2 * PW), dtype)


def add_pad(x: Array, pad: Pair, value: float = 0) -> Array:
    """Images with `value` around them."""
    PH, PW = pad
    if PH == PW == 0:
        return x
    N, C, H, W = x.shape
    padded = np.full((N, C, H + 2 * PH, W + 2 * PW), value, x.dtype)
    padded[:, :, PH : PH + H, PW : PW + W] = x
    return padded


def cut_pad(x: Array, pad: Pair) -> Array:
    """The images that `add_pad` was given, as a view."""
    PH, PW = pad
    return x[:, :, PH : x.shape[2] - PH, PW : x.shape[3] - PW]


def each_tap(padded: Array, geometry: ConvGeometry) -> Iterator[Array]:
    """The view (N, C, OH, OW) of the pixels that each kernel pixel (kh, kw) meets, in row-major order."""
    (KH, KW), (SH, SW), (DH, DW) = geometry.kernel_size, geometry.stride, geometry.dilation
    OH, OW = geometry.output_size
    for kh in range(KH):
        for kw in range(KW):
            top, left = kh * DH, kw * DW
            yield padded[:, :, top : top + SH * (OH - 1) + 1 : SH, left : left + SW * (OW - 1) + 1 : SW]
