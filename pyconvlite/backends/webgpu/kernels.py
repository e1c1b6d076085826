"""The seam's kernels on device arrays; names, arguments and results are the NumPy backend's.

Matrix products, convolutions, poolings and batch norm are WGSL of their own, in `wgsl/`; the rest is written
with the array's operations. Where a kernel reads rows of pixels, it takes arrays that lie contiguous: others
are copied first.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np

from ..._random import rng
from ..._shapes import Pair, conv_outsize
from .arithmetic import IS_NAN, maximum
from .array import asarray, faults, ndarray, new, whole
from .asked import asked, word
from .convolution import col2im as col2im
from .convolution import conv2d as conv2d
from .convolution import conv2d_gW as conv2d_gW
from .convolution import conv2d_gx as conv2d_gx
from .convolution import im2col as im2col
from .device import LABEL
from .elementwise import bits, common_float, elementwise
from .normalization import batch_norm as batch_norm
from .normalization import batch_norm_grad as batch_norm_grad
from .packing import batches, joined, mapped
from .product import matmul as matmul
from .program import floats, run_file

# --------------------------------------------------------------------------------------------------- pooling


def _pool_sizes(xsize: Any, kernel_size: Pair, stride: Pair, pad: Pair) -> list[int]:
    outsize = conv_outsize(xsize, kernel_size, stride, pad)
    return [*xsize, *outsize, *kernel_size, *stride, *pad]


def max_pool(x: ndarray, kernel_size: Pair, stride: Pair, pad: Pair) -> tuple[Any, Any]:
    """Maximum of each window, and which pixel of the window it is."""
    (x,) = floats(x)
    sizes = _pool_sizes(x.shape[2:], kernel_size, stride, pad)
    shape = (*x.shape[:2], *sizes[2:4])
    y, indexes = new(shape, x.dtype), new(shape, np.int32)
    if y.size:
        run_file("max_pool", [whole(x)], [y, indexes], y.size, [*sizes, bits(-math.inf)])
    return y, indexes


def max_pool_grad(
    gy: ndarray, indexes: ndarray, xsize: Pair, kernel_size: Pair, stride: Pair, pad: Pair
) -> Any:
    """Gradient of max_pool: each pixel gathers from the windows that took it."""
    (gy,) = floats(gy)
    gx = new((*gy.shape[:2], *xsize), gy.dtype)
    if gx.size:
        sizes = _pool_sizes(xsize, kernel_size, stride, pad)
        run_file("max_pool_grad", [whole(gy), whole(indexes)], [gx], gx.size, sizes)
    return gx


def max_pool_gather(x: ndarray, indexes: ndarray, kernel_size: Pair, stride: Pair, pad: Pair) -> Any:
    """The pixels of x that `indexes` names."""
    (x,) = floats(x)
    y = new(indexes.shape, x.dtype)
    if y.size:
        sizes = _pool_sizes(x.shape[2:], kernel_size, stride, pad)
        run_file("max_pool_gather", [whole(x), whole(indexes)], [y], y.size, sizes)
    return y


def avg_pool(x: ndarray, kernel_size: Pair, stride: Pair, pad: Pair, count_include_pad: bool) -> Any:
    """Mean of each window."""
    (x,) = floats(x)
    sizes = _pool_sizes(x.shape[2:], kernel_size, stride, pad)
    y = new((*x.shape[:2], *sizes[2:4]), x.dtype)
    if y.size:
        run_file("avg_pool", [whole(x)], [y], y.size, [*sizes, int(count_include_pad)])
    return y


def avg_pool_grad(
    gy: ndarray, xsize: Pair, kernel_size: Pair, stride: Pair, pad: Pair, count_include_pad: bool
) -> Any:
    """Gradient of avg_pool: each pixel gathers from the windows that hold it."""
    (gy,) = floats(gy)
    gx = new((*gy.shape[:2], *xsize), gy.dtype)
    if gx.size:
        sizes = _pool_sizes(xsize, kernel_size, stride, pad)
        run_file("avg_pool_grad", [whole(gy)], [gx], gx.size, [*sizes, int(count_include_pad)])
    return gx


# ------------------------------------------------------------------------------------------------- pointwise


def relu(x: ndarray) -> Any:
    """max(x, 0); NaN stays."""
    return elementwise("relu", f"select(F(0), a, (a > F(0)) | {IS_NAN.format(a='a')})", [x])


def relu_grad(gy: ndarray, x: ndarray) -> Any:
    """Gradient of relu: gy where x is above 0."""
    return elementwise("relu_grad", "select(F(0), a, b > F(0))", [gy, x])


def normal_cdf(x: ndarray) -> Any:
    """Probability that a standard normal number lies below x."""
    # Abramowitz and Stegun's 7.1.26 in z = |x| / sqrt(2): to 1.5e-7
    t = "(1 / (1 + 0.3275911 * abs(a) * 0.70710678))"
    last = f"{t} * (1.421413741 + {t} * (-1.453152027 + {t} * 1.061405429))"
    polynomial = f"{t} * (0.254829592 + {t} * (-0.284496736 + {last}))"
    tail = f"(0.5 * {polynomial} * exp(-0.5 * a * a))"
    return elementwise(
        "normal_cdf", f"select(select(1 - {tail}, {tail}, a < F(0)), a, {IS_NAN.format(a='a')})", [x]
    )


def dropout_mask(x: ndarray, ratio: float) -> Any:
    """0 with probability `ratio` and else 1 / (1 - ratio), drawn by a key from the package's generator."""
    key = asked(lambda: rng().integers(1 << 32, size=2).tolist())
    mask = new(x.shape, common_float([x]))
    if mask.size:
        threshold = min(round(ratio * 2**32), 2**32 - 1)
        parameters = [mask.size, *(word(k, int) for k in key), threshold, bits(1 / (1 - ratio))]
        run_file("dropout_mask", [], [mask], -(-mask.size // 4), parameters)
    return mask


def sum(x: ndarray, axis: Any, keepdims: bool) -> Any:
    """Sum over axes."""
    return x.sum(axis, keepdims)


def softmax_cross_entropy(x: ndarray, t: Any) -> Any:
    """Mean over the rows of x (N, classes) of -log softmax(x)[t]."""
    (x,) = floats(x)
    rows = new(x.shape[:1], x.dtype)
    if x.size:
        inputs, outputs = [whole(x), _labels(t)], [rows, faults()]
        run_file("softmax_cross_entropy", inputs, outputs, len(x), [LABEL], CLASSES=x.shape[1])
    return rows.mean()


def softmax_cross_entropy_grad(x: ndarray, t: Any, gy: ndarray) -> Any:
    """Gradient of softmax_cross_entropy with respect to x, times gy, an array without axes."""
    x, gy = floats(x, gy)
    gx = new(x.shape, x.dtype)
    if x.size:
        inputs = [whole(x), _labels(t), whole(gy)]
        run_file("softmax_cross_entropy_grad", inputs, [gx], len(x), [], CLASSES=x.shape[1])
    return gx


def _labels(t: Any) -> ndarray:
    """Labels on the device, as the kernels read them."""
    return whole(asarray(t, None if isinstance(t, ndarray) else np.int32).astype(np.int32, copy=False))


# ------------------------------------------------------------------------------------------------ optimizers


def moved(W: ndarray, step: ndarray) -> Any:
    """W + step."""
    return elementwise("moved", "a + b", [W, step], dtypes=[W.dtype])


def clip_norm(gradients: list[ndarray], most: float) -> list[Any]:
    """The gradients, scaled by one factor where the root of the sum of all squares is above `most`.

    The factor stays on the device: nothing waits for it. Squares are taken of what is scaled to 1 at most, or
    they would overflow.
    """
    packed = [joined(batch) for batch in batches(gradients)]
    largest = functools.reduce(maximum, [abs(g).max() for g in packed])
    scale = maximum(largest, 1e-30)
    squares = functools.reduce(operator.add, [((g / scale) ** 2).sum() for g in packed])
    factor = elementwise("clip_norm", "min(F(1), s0 / (sqrt(a) * b))", [squares, scale], [most])
    return [short for (short,) in mapped(lambda g: (g * factor,), [(g,) for g in gradients])]


def sgd(W: ndarray, gW: ndarray, lr: float) -> Any:
    """W - lr * gW."""
    return elementwise("sgd", "a - s0 * b", [W, gW], [lr], [W.dtype])


def momentum_sgd(W: ndarray, v: ndarray, gW: ndarray, lr: float, momentum: float) -> tuple[Any, Any]:
    """The moved weights and the new velocity."""
    velocity = "(s1 * b - s0 * c)"
    texts = f"a + {velocity}", velocity
    return elementwise("momentum_sgd", texts, [W, v, gW], [lr, momentum], [W.dtype, v.dtype])  # type: ignore[no-any-return]


def adam(
    W: ndarray,
    m: ndarray,
    v: ndarray,
    gW: ndarray,
    rate: float,
    beta1: float,
    beta2: float,
    eps: float,
    decay: float,
) -> tuple[Any, Any, Any]:
    """The moved weights and the new moments."""
    mean, square = "(s1 * b + s2 * d)", "(s3 * c + s4 * d * d)"
    moved = f"a - s0 * {mean} / (sqrt({square}) + s5) - s6 * a"
    numbers = [rate, beta1, 1 - beta1, beta2, 1 - beta2, eps, decay]
    return elementwise("adam", (moved, mean, square), [W, m, v, gW], numbers, [W.dtype, m.dtype, v.dtype])  # type: ignore[no-any-return]
