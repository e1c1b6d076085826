"""Padding, and the strided view of the pixels under each kernel element, for convolution and pooling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..._shapes import Array, Pair
from ..protocol import ConvGeometry


def padded_zeros(shape: tuple[int, int], geometry: ConvGeometry, dtype: np.dtype[Any]) -> Array:
    """Zeros of the size of the padded images, which gradients are added to."""
    (H, W), (rows, columns) = geometry.input_size, geometry.edges
    return np.zeros((*shape, H + sum(rows), W + sum(columns)), dtype)


def add_pad(x: Array, edges: tuple[Pair, Pair], value: float = 0) -> Array:
    """Images padded (above, below) and (left, right) with `value`; x itself if there is no padding."""
    (above, below), (left, right) = edges
    if not (above or below or left or right):
        return x
    N, C, H, W = x.shape
    padded = np.full((N, C, above + H + below, left + W + right), value, x.dtype)
    padded[:, :, above : above + H, left : left + W] = x
    return padded


def cut_pad(x: Array, geometry: ConvGeometry) -> Array:
    """The images without their padding, as a view."""
    (PH, PW), (H, W) = geometry.pad, geometry.input_size
    return x[:, :, PH : PH + H, PW : PW + W]


def each_tap(padded: Array, geometry: ConvGeometry) -> Iterator[Array]:
    """For each kernel element (kh, kw), row-major, a view (N, C, OH, OW) of the pixels that it multiplies."""
    (KH, KW), (SH, SW), (DH, DW) = geometry.kernel_size, geometry.stride, geometry.dilation
    OH, OW = geometry.output_size
    for kh in range(KH):
        for kw in range(KW):
            top, left = kh * DH, kw * DW
            yield padded[:, :, top : top + SH * (OH - 1) + 1 : SH, left : left + SW * (OW - 1) + 1 : SW]
