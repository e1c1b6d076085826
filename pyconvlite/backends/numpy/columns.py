"""Columns of im2col: the pixels that a kernel meets on its way, and the sum that undoes them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._shapes import Array, Pair, conv_outsize
from .._calls import counted


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
    """What `add_pad` was given."""
    PH, PW = pad
    return x[:, :, PH : x.shape[2] - PH, PW : x.shape[3] - PW]


def each_tap(
    x: Array, kernel_size: Pair, stride: Pair, outsize: Pair, dilation: Pair = (1, 1)
) -> Iterator[Array]:
    """For each kernel pixel (kh, kw), row by row: the view (N, C, OH, OW) of padded x that it meets."""
    (KH, KW), (SH, SW), (OH, OW), (DH, DW) = kernel_size, stride, outsize, dilation
    for kh in range(KH):
        for kw in range(KW):
            top, left = kh * DH, kw * DW
            yield x[:, :, top : top + SH * (OH - 1) + 1 : SH, left : left + SW * (OW - 1) + 1 : SW]


@counted("numpy")
def im2col(x: Array, kernel_size: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1)) -> Array:
    """The pixels of x under the kernel, at each position: (N, C, KH, KW, OH, OW)."""
    N, C = x.shape[:2]
    OH, OW = conv_outsize(x.shape[2:], kernel_size, stride, pad, dilation)
    col = np.empty((N, C, *kernel_size, OH, OW), x.dtype)
    fill(col, add_pad(x, pad), stride, dilation)
    return col


def fill(col: Array, padded: Array, stride: Pair, dilation: Pair) -> None:
    """Copy padded's pixels into col (N, C, KH, KW, OH, OW), of any memory layout."""
    KH, KW, OH, OW = col.shape[2:]
    for k, tap in enumerate(each_tap(padded, (KH, KW), stride, (OH, OW), dilation)):
        col[:, :, k // KW, k % KW] = tap


@counted("numpy")
def col2im(
    col: Array, x_shape: tuple[int, ...], kernel_size: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1)
) -> Array:
    """Adjoint of im2col: each pixel of x gets the sum of its copies in col (N, C, KH, KW, OH, OW)."""
    N, C, H, W = x_shape
    padded = np.zeros((N, C, H + 2 * pad[0], W + 2 * pad[1]), col.dtype)
    add_back(padded, col, stride, dilation)
    return cut_pad(padded, pad)


def add_back(padded: Array, col: Array, stride: Pair, dilation: Pair) -> None:
    """Add col (N, C, KH, KW, OH, OW) to the pixels of padded that it came from."""
    KH, KW, OH, OW = col.shape[2:]
    for k, tap in enumerate(each_tap(padded, (KH, KW), stride, (OH, OW), dilation)):
        tap += col[:, :, k // KW, k % KW]
