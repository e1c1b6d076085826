"""Oracles, independent of the package: plain loops, and `math`, number by number."""

import math
from itertools import product

import numpy as np


def twice(size):
    """One number for both axes, or two."""
    return size if isinstance(size, tuple) else (size, size)


def outsize(size, kernel, stride, pad, dilation=1, ceil=False):
    """Try each position: the kernel's last pixel must lie in the padded image, with `ceil` its first."""
    before, after = twice(pad)
    reach = (kernel - 1) * dilation
    count = sum(
        1 for start in range(0, before + size + after, stride) if start + reach < before + size + after
    )
    hangs_over = (count - 1) * stride + reach + 1 < before + size + after and count * stride < before + size
    return count + (ceil and hangs_over)


def im2col(x, kernel, stride=1, pad=0, dilation=1, fill=0.0, ceil=False, beyond=None):
    """(N, C, H, W) -> (N, C, KH, KW, OH, OW): each pixel of each window; `beyond` lies behind the pad."""
    (KH, KW), (SH, SW), (PH, PW), (DH, DW) = map(twice, (kernel, stride, pad, dilation))
    N, C, H, W = x.shape
    OH, OW = outsize(H, KH, SH, PH, DH, ceil), outsize(W, KW, SW, PW, DW, ceil)
    padded = np.pad(x, ((0, 0), (0, 0), twice(PH), twice(PW)), constant_values=fill)
    behind = (0, 0), (0, 0), (0, KH * DH), (0, KW * DW)
    padded = np.pad(padded, behind, constant_values=fill if beyond is None else beyond)
    col = np.empty((N, C, KH, KW, OH, OW))
    for kh, kw, oh, ow in product(range(KH), range(KW), range(OH), range(OW)):
        col[:, :, kh, kw, oh, ow] = padded[:, :, oh * SH + kh * DH, ow * SW + kw * DW]
    return col


def matrix(col):
    """(N, C, KH, KW, OH, OW) -> (N*OH*OW, C*KH*KW): one window a row."""
    N, C, KH, KW, OH, OW = col.shape
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * OH * OW, C * KH * KW)


def conv2d(x, W, b=None, stride=1, pad=0, dilation=1, groups=1):
    OC, CG, KH, KW = W.shape
    col = im2col(x, (KH, KW), stride, pad, dilation)
    y = np.zeros((len(x), OC, *col.shape[4:]))
    for oc in range(OC):
        first = oc // (OC // groups) * CG
        y[:, oc] = (col[:, first : first + CG] * W[oc, ..., None, None]).sum((1, 2, 3))
    return y if b is None else y + b[:, None, None]


def deconv2d(x, W, b=None, stride=1, pad=0, size=None, dilation=1, groups=1):
    """Each pixel of x adds its multiple of the kernel to the output; the pad is cut off at the end."""
    (SH, SW), (PH, PW), (DH, DW) = map(twice, (stride, pad, dilation))
    (N, C, H, width), (_, OCG, KH, KW) = x.shape, W.shape
    if size is None:
        size = (SH * (H - 1) + DH * (KH - 1) + 1 - 2 * PH, SW * (width - 1) + DW * (KW - 1) + 1 - 2 * PW)
    OH, OW = twice(size)
    # There must be room for stamps beyond the output, and for outputs beyond the stamps.
    y = np.zeros((N, OCG * groups, OH + 2 * PH + SH * H + DH * KH, OW + 2 * PW + SW * width + DW * KW))
    for c, h, w, kh, kw in product(range(C), range(H), range(width), range(KH), range(KW)):
        first = c // (C // groups) * OCG
        stamp = x[:, c, h, w, None] * W[c, :, kh, kw]
        y[:, first : first + OCG, h * SH + kh * DH, w * SW + kw * DW] += stamp
    y = y[:, :, PH : PH + OH, PW : PW + OW]
    return y if b is None else y + b[:, None, None]


def max_pooling(x, kernel, stride=1, pad=0, dilation=1, ceil_mode=False):
    return im2col(x, kernel, stride, pad, dilation, fill=-np.inf, ceil=ceil_mode).max(axis=(2, 3))


def average_pooling(x, kernel, stride=1, pad=0, count_include_pad=True, ceil_mode=False):
    total = im2col(x, kernel, stride, pad, ceil=ceil_mode).sum(axis=(2, 3))
    counts = {"fill": float(count_include_pad), "ceil": ceil_mode, "beyond": 0}
    return total / im2col(np.ones_like(x), kernel, stride, pad, **counts).sum(axis=(2, 3))


@np.vectorize(otypes=[float])  # without it, an empty array is an error
def expit(x):
    """1 / (1 + exp(-x))."""
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


@np.vectorize
def ndtr(x):
    """Probability that a standard normal number lies below x."""
    return math.erfc(-x / math.sqrt(2)) / 2


def log_softmax(x, axis):
    def of_row(row):
        top = max(row)
        log_sum = math.log(math.fsum(math.exp(v - top) for v in row))
        return np.array([v - top - log_sum for v in row])

    return np.apply_along_axis(of_row, axis, x)


def softmax(x, axis):
    return np.vectorize(math.exp)(log_softmax(x, axis))
