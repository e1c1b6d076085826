"""Reference kernels on NumPy arrays: what each kernel means, and the fallback where nothing is faster.

Convolution is a matrix product over columns (im2col): column p of a matrix (C*KH*KW, N*OH*OW) holds the
pixels under the kernel at position p. Columns are built for a block of images, or of output pixels where one
image is large, so that a block's columns take at most `COLUMN_BYTES`.

Shapes, for G groups: x (N, C, H, W), W (OC, C/G, KH, KW), y and gy (N, OC, OH, OW). `kernel_size`, `stride`,
`pad` and `dilation` are pairs (height, width). Arguments have been checked by the public functions.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TypeAlias

import numpy as np

from ..utils import Array, conv_outsize, lowest

Pair: TypeAlias = tuple[int, int]

COLUMN_BYTES = 4 * 2**20  # about what a core's caches hold; beyond, einsum slows down by a third

if sys.platform == "linux":
    # glibc returns a freed block to the system if it is larger than any freed before, up to 32 MB. A net
    # frees and allocates blocks of a few MB all the time, and small convolutions took up to ten times longer
    # where their pages had to be faulted in again. So free a large one, never touched, first.
    np.empty(2**25 - 2**16, np.uint8)

# NumPy in Pyodide comes without a BLAS; its own matrix product then reads one operand against the grain.
HAS_BLAS = bool(np.show_config(mode="dicts")["Build Dependencies"]["blas"].get("found"))


# --------------------------------------------------------------------------------------------------- products


def matmul(a: Array, b: Array) -> Array:
    """Matrix product of a (..., M, K) and b (..., K, P); leading axes broadcast.

    Without a BLAS, `einsum` is the fastest route that NumPy has, provided that both operands lie contiguous
    along the summed axis. float16 goes to `@`, which sums it in float32.
    """
    if HAS_BLAS or a.dtype.kind != "f" or a.dtype == np.float16:
        return a @ b
    return np.einsum("...mk,...pk->...mp", _contiguous_last(a), _contiguous_last(np.swapaxes(b, -1, -2)))  # type: ignore[no-any-return]


def _contiguous_last(a: Array) -> Array:
    return a if a.strides[-1] == a.itemsize else np.ascontiguousarray(a)


# ---------------------------------------------------------------------------------------------------- windows


def _padded(x: Array, pad: Pair, value: float = 0) -> Array:
    PH, PW = pad
    if PH == PW == 0:
        return x
    N, C, H, W = x.shape
    padded = np.full((N, C, H + 2 * PH, W + 2 * PW), value, x.dtype)
    padded[:, :, PH : PH + H, PW : PW + W] = x
    return padded


def _cropped(x: Array, pad: Pair) -> Array:
    PH, PW = pad
    return x[:, :, PH : x.shape[2] - PH, PW : x.shape[3] - PW]


def _taps(
    x: Array, kernel_size: Pair, stride: Pair, outsize: Pair, dilation: Pair = (1, 1)
) -> Iterator[Array]:
    """For each kernel pixel (kh, kw), row by row: the view (N, C, OH, OW) of padded x that it meets."""
    (KH, KW), (SH, SW), (OH, OW), (DH, DW) = kernel_size, stride, outsize, dilation
    for kh in range(KH):
        for kw in range(KW):
            top, left = kh * DH, kw * DW
            yield x[:, :, top : top + SH * (OH - 1) + 1 : SH, left : left + SW * (OW - 1) + 1 : SW]


def im2col(x: Array, kernel_size: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1)) -> Array:
    """The pixels of x under the kernel, at each position: (N, C, KH, KW, OH, OW)."""
    N, C = x.shape[:2]
    OH, OW = conv_outsize(x.shape[2:], kernel_size, stride, pad, dilation)
    col = np.empty((N, C, *kernel_size, OH, OW), x.dtype)
    _fill(col, _padded(x, pad), stride, dilation)
    return col


def _fill(col: Array, padded: Array, stride: Pair, dilation: Pair) -> None:
    """Copy padded's pixels into col (N, C, KH, KW, OH, OW), of any memory layout."""
    KH, KW, OH, OW = col.shape[2:]
    for k, tap in enumerate(_taps(padded, (KH, KW), stride, (OH, OW), dilation)):
        col[:, :, k // KW, k % KW] = tap


def col2im(
    col: Array, x_shape: tuple[int, ...], kernel_size: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1)
) -> Array:
    """Adjoint of im2col: each pixel of x gets the sum of its copies in col (N, C, KH, KW, OH, OW)."""
    N, C, H, W = x_shape
    padded = np.zeros((N, C, H + 2 * pad[0], W + 2 * pad[1]), col.dtype)
    _add_back(padded, col, stride, dilation)
    return _cropped(padded, pad)


def _add_back(padded: Array, col: Array, stride: Pair, dilation: Pair) -> None:
    """Add col (N, C, KH, KW, OH, OW) to the pixels of padded that it came from."""
    KH, KW, OH, OW = col.shape[2:]
    for k, tap in enumerate(_taps(padded, (KH, KW), stride, (OH, OW), dilation)):
        tap += col[:, :, k // KW, k % KW]


# ------------------------------------------------------------------------------------------------ convolution


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
    if HAS_BLAS or sum_over_pixels:
        memory = np.empty((C, KH, KW, N, OH, OW), padded.dtype)
        _fill(memory.transpose(3, 0, 1, 2, 4, 5), padded, stride, dilation)
        return memory.reshape(groups, C // groups * KH * KW, N * OH * OW)
    memory = np.empty((groups, N, OH, OW, C // groups, KH, KW), padded.dtype)
    for g in range(groups):
        channels = slice(g * (C // groups), (g + 1) * (C // groups))
        _fill(memory[g].transpose(0, 3, 4, 5, 1, 2), padded[:, channels], stride, dilation)
    return memory.reshape(groups, N * OH * OW, C // groups * KH * KW).swapaxes(1, 2)


def _pixels(y: Array, groups: int) -> Array:
    """Output pixels y (N, OC, OH, OW) as (G, OC/G, N*OH*OW), in the order of the columns."""
    N, OC, OH, OW = y.shape
    return y.swapaxes(0, 1).reshape(groups, OC // groups, N * OH * OW)


def conv2d(
    x: Array, W: Array, b: Array | None, stride: Pair, pad: Pair, dilation: Pair = (1, 1), groups: int = 1
) -> Array:
    """Convolution: y[n, o] = sum over c of x[n, c] correlated with W[o, c], plus b[o]."""
    N = x.shape[0]
    OC, Cg, KH, KW = W.shape
    OH, OW = conv_outsize(x.shape[2:], (KH, KW), stride, pad, dilation)
    K = Cg * KH * KW
    y: Array = np.empty((N, OC, OH, OW), np.result_type(x, W))
    for images, windows in _blocks(N, (OH, OW), groups * K * x.itemsize):
        padded = _padded(x[images], pad)
        for window in windows:
            size = _size(window)
            under = _under(padded, window, (KH, KW), stride, dilation)
            col = _columns(under, groups, (KH, KW), size, stride, dilation, sum_over_pixels=False)
            part = matmul(W.reshape(groups, OC // groups, K), col)
            y[images, :, *window] = part.reshape(OC, len(padded), *size).swapaxes(0, 1)
    if b is not None:
        y += b.reshape(1, OC, 1, 1)
    return y


def conv2d_gx(
    gy: Array, W: Array, xsize: Pair, stride: Pair, pad: Pair, dilation: Pair = (1, 1), groups: int = 1
) -> Array:
    """Gradient of conv2d with respect to x, of height and width `xsize`; also the forward of deconv2d."""
    N, OC, OH, OW = gy.shape
    Cg, KH, KW = W.shape[1:]
    C, K = groups * Cg, Cg * KH * KW
    full_pad = (KH - 1) * dilation[0] - pad[0], (KW - 1) * dilation[1] - pad[1]
    most = C // 2 if HAS_BLAS else 4 * C
    if stride == (1, 1) and min(full_pad) >= 0 and most >= OC:
        # The same as a convolution with the kernels turned round. Its columns are OC/C times as large; where
        # that is more, einsum makes up for it by its sums, OC/G*KH*KW long instead of OC/G.
        turned = W.reshape(groups, OC // groups, Cg, KH, KW)[..., ::-1, ::-1].swapaxes(1, 2)
        return conv2d(gy, turned.reshape(C, OC // groups, KH, KW), None, stride, full_pad, dilation, groups)
    padded = np.zeros((N, C, xsize[0] + 2 * pad[0], xsize[1] + 2 * pad[1]), np.result_type(gy, W))
    Wt = W.reshape(groups, OC // groups, K).swapaxes(1, 2)
    for images, windows in _blocks(N, (OH, OW), groups * K * gy.itemsize):
        for window in windows:
            pixels = _pixels(gy[images, :, *window], groups)
            n = images.stop - images.start
            col = matmul(Wt, pixels).reshape(C, KH, KW, n, *_size(window))
            under = _under(padded[images], window, (KH, KW), stride, dilation)
            _add_back(under, col.transpose(3, 0, 1, 2, 4, 5), stride, dilation)
    return _cropped(padded, pad)


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
        padded = _padded(x[images], pad)
        for window in windows:
            under = _under(padded, window, kernel_size, stride, dilation)
            col = _columns(under, groups, kernel_size, _size(window), stride, dilation, sum_over_pixels=True)
            gW += matmul(_pixels(gy[images, :, *window], groups), col.swapaxes(1, 2))
    return gW.reshape(OC, C // groups, KH, KW)


# -------------------------------------------------------------------------------------------- normalization


def batch_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    """Normalize x (N, C, ...) over all axes but C: gamma * (x - mean) / sqrt(var + eps) + beta, mean, var."""
    mean, centred, inv_std, var = _standardize(x, eps)
    y = centred * (inv_std * _per_channel(gamma, x)) + _per_channel(beta, x)
    return y.astype(x.dtype, copy=False), mean.ravel(), var.ravel()


def batch_norm_grad(x: Array, gamma: Array, gy: Array, eps: float) -> tuple[Array, Array, Array]:
    """Gradients of batch_norm's y with respect to x, gamma and beta."""
    _, centred, inv_std, _ = _standardize(x, eps)
    centred *= inv_std
    axes = _all_but_channels(x)
    gbeta = gy.sum(axis=axes, keepdims=True, dtype=centred.dtype)
    ggamma = (gy * centred).sum(axis=axes, keepdims=True)
    count = x.size // gamma.size
    gx = (gy - gbeta / count - centred * (ggamma / count)) * (inv_std * _per_channel(gamma, x))
    return gx.astype(x.dtype, copy=False), ggamma.ravel(), gbeta.ravel()


def _standardize(x: Array, eps: float) -> tuple[Array, Array, Array, Array]:
    """mean, x - mean, 1 / sqrt(var + eps) and var, ready to broadcast with x; for float16 in float32."""
    if x.dtype == np.float16:
        x = x.astype(np.float32)
    axes = _all_but_channels(x)
    mean = x.mean(axis=axes, keepdims=True)
    centred = x - mean
    var = (centred * centred).mean(axis=axes, keepdims=True)
    return mean, centred, 1 / np.sqrt(var + eps), var


def _all_but_channels(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _per_channel(v: Array, x: Array) -> Array:
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


# ------------------------------------------------------------------------------------------------ max pooling


def max_pool(x: Array, kernel_size: Pair, stride: Pair, pad: Pair) -> tuple[Array, Array]:
    """Maximum of each window, and which pixel of the window it is: kh * KW + kw of the first one.

    Padding never wins over a pixel, and NaN wins over everything.
    """
    KH, KW = kernel_size
    outsize = conv_outsize(x.shape[2:], kernel_size, stride, pad)
    padded = _padded(x, pad, lowest(x.dtype))
    taps = list(_taps(padded, kernel_size, stride, outsize))
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
    return _cropped(padded, pad)


def max_pool_gather(x: Array, indexes: Array, kernel_size: Pair, stride: Pair, pad: Pair) -> Array:
    """The pixels of x that `indexes` names, one for each window: the adjoint of max_pool_grad."""
    padded = _padded(x, pad)
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


def avg_pool(x: Array, kernel_size: Pair, stride: Pair, pad: Pair, count_include_pad: bool) -> Array:
    """Mean of each window; padding counts as zeros, or not at all."""
    outsize = conv_outsize(x.shape[2:], kernel_size, stride, pad)
    y: Array = np.zeros((*x.shape[:2], *outsize), np.result_type(x.dtype, 1.0))
    for tap in _taps(_padded(x, pad), kernel_size, stride, outsize):
        y += tap
    y /= _counts(x.shape[2:], kernel_size, stride, pad, outsize, count_include_pad).astype(y.dtype)
    return y


def avg_pool_grad(
    gy: Array, xsize: Pair, kernel_size: Pair, stride: Pair, pad: Pair, count_include_pad: bool
) -> Array:
    """Gradient of avg_pool with respect to x, of height and width `xsize`."""
    N, C, OH, OW = gy.shape
    padded = np.zeros((N, C, xsize[0] + 2 * pad[0], xsize[1] + 2 * pad[1]), gy.dtype)
    share = gy / _counts(xsize, kernel_size, stride, pad, (OH, OW), count_include_pad).astype(gy.dtype)
    for tap in _taps(padded, kernel_size, stride, (OH, OW)):
        tap += share
    return _cropped(padded, pad)


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


# ----------------------------------------------------------------------------------------- special functions

# Chebyshev coefficients, on s = 2t - 1, of log(erfc(z) / t) + z^2 with t = 2 / (2 + z) and z >= 0. The
# first 10 give erfc to 1e-7 of its value, all to 1e-14.
_ERFC = (
    *(-0.65132685989085472, 0.64196979235649026, 0.019476473204185836, -0.0095615147868086316),
    *(-0.00094659534448203687, 0.00036683949785276145, 4.2523324806907772e-5, -2.0278578112534243e-5),
    *(-1.6242900046470255e-6, 1.3036558355805232e-6, 1.5626441722066143e-8, -8.5238095914926543e-8),
    *(6.5290544390988515e-9, 5.0593434955514689e-9, -9.9136415649303309e-10, -2.2736512229318359e-10),
    *(9.6467911020155268e-11, 2.3940380830391147e-12, -6.8860275264975534e-12, 8.9448792730907257e-13),
    *(3.1309213993429581e-13, -1.1270822361367252e-13, 3.8109052551892321e-16, 7.1060976136092369e-15),
)


def normal_cdf(x: Array) -> Array:
    """Probability that a standard normal number lies below x: erfc(-x / sqrt(2)) / 2."""
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    z = np.abs(x).astype(np.float32 if dtype == np.float16 else dtype) * math.sqrt(0.5)
    z = np.minimum(z, 40)  # where the tail is 0, and squares do not overflow yet
    t = 2 / (2 + z)
    s = 2 * t - 1
    b1 = b2 = np.zeros_like(s)
    for coefficient in _ERFC[9 if z.dtype == np.float32 else None : 0 : -1]:  # Clenshaw's recurrence
        b1, b2 = 2 * s * b1 - b2 + coefficient, b1
    tail = t * np.exp(s * b1 - b2 + _ERFC[0] - z * z) * 0.5
    return np.where(x < 0, tail, 1 - tail).astype(dtype, copy=False)
