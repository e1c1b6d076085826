"""ReLU, sigmoid, SiLU's gradient, hardswish, the error function, and what GELU needs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..._shapes import Array
from .._calls import counted
from .elementwise import where


@counted("numpy")
def relu(x: Array) -> Array:
    return np.maximum(x, 0)


@counted("numpy")
def relu_grad(gy: Array, x: Array) -> Array:
    return where(~(x <= 0), gy, 0)


@counted("numpy")
def sigmoid(x: Array) -> Array:
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    # Above the limit the result is 1 anyway, and the exponential may overflow. NumPy converts floats in less
    # time than integers.
    e = np.exp(np.minimum(x, 11.0 if x.itemsize == 2 else 40.0))
    return np.asarray(e / (1.0 + e))


# Coefficients, in s = (x - 4) / (x + 4), of (x + 4) times Mills' ratio, the tail of the normal distribution
# beyond x >= 0 divided by exp(-x^2 / 2). The relative error is 6e-8 for float32, 6e-15 for float64.
_MILLS = {
    4: (
        *(0.755285177, -0.607896729, 0.387133757, -0.186519406, 0.0604416687),
        *(-0.00754224726, -0.00366835546, 0.00154411501, 0.00039336072),
    ),
    8: (
        *(0.7552851304157514, -0.60789664197188176, 0.38713740074226838, -0.18652185796048185),
        *(0.060396574888669063, -0.0075401889445063696, -0.0034796923239355914, 0.0016308181807405924),
        *(0.00013334386485929045, -0.00023109307698891807, -1.9055586820054526e-06, 3.5137430551944621e-05),
        *(7.065969226190014e-07, -5.9032216604350419e-06, -6.0594668998342098e-07, 9.983507094810106e-07),
        *(2.367068904351523e-07, -1.3833146068007256e-07, -5.448113196893447e-08, 9.697242778579275e-09),
        5.2473332803325511e-09,
    ),
}
BLOCK = 2**15  # elements, so that the arrays of a block stay in a core's cache


def _in_blocks(compute: Callable[[Array, Array], None], x: Array) -> Array:
    """Compute blocks of x into those of the result; of integers in float64, of float16 in float32."""
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    y = np.empty(x.size, dtype)
    flat = x.reshape(-1).astype(np.float32 if dtype.itemsize == 2 else dtype, copy=False)
    for start in range(0, x.size, BLOCK):
        block = slice(start, start + BLOCK)
        compute(flat[block], y[block])
    return y.reshape(x.shape)


@counted("numpy")
def normal_cdf(x: Array) -> Array:
    return _in_blocks(_normal_cdf, x)


def _normal_cdf(x: Array, out: Array) -> None:
    z = np.abs(x)
    # Beyond 60 the tail is 0, and z * z may overflow. A number instead of an array takes three times as long.
    np.minimum(z, np.full_like(z, 60), out=z)
    distance = z + 4
    s = z - 4
    s /= distance
    first, *others, last = _MILLS[min(x.itemsize, 8)]
    tail = s * last
    for coefficient in reversed(others):
        tail += coefficient
        tail *= s
    tail += first
    tail /= distance
    z *= z
    z *= -0.5
    tail *= np.exp(z, out=z)
    s[:] = x >= 0
    s -= tail
    np.abs(s, out=out)  # the tail, or 1 - tail where x >= 0


@counted("numpy")
def gelu_grad(gy: Array, x: Array, cdf: Array) -> Array:
    with np.errstate(over="ignore"):  # the square may be infinite, where the density is 0
        density = np.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    return np.asarray(gy * (cdf + x * density))


@counted("numpy")
def silu_grad(gy: Array, x: Array, s: Array) -> Array:
    return np.asarray(gy * (s * (1 + x * (1 - s))))


# Taylor coefficients of erf(x) / x in x * x at 0, which suffice for float64 where |x| < 1; 11 do for float32.
_ERF = [2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(19)]


@counted("numpy")
def erf(x: Array) -> Array:
    return _in_blocks(_erf, x)


def _erf(x: Array, out: Array) -> None:
    square = np.minimum(np.abs(x), np.ones_like(x))
    square *= square
    first, *others, last = _ERF[:11] if x.itemsize == 4 else _ERF
    series = square * last
    for coefficient in reversed(others):
        series += coefficient
        series *= square
    series += first
    series *= x
    far = np.empty_like(x)
    # Beyond 30 erf is -1 or 1, and the product may overflow.
    _normal_cdf(np.clip(x, -30, 30) * math.sqrt(2), far)
    far *= 2
    far -= 1
    out[:] = np.where(np.abs(x) < 1, series, far)


@counted("numpy")
def hardswish(x: Array) -> Array:
    return np.asarray(x * np.clip(x * (1 / 6) + 0.5, 0, 1))


@counted("numpy")
def hardswish_grad(gy: Array, x: Array) -> Array:
    slope = np.where(abs(x) >= 3, x > 0, x * (1 / 3) + 0.5)
    return np.asarray(gy * slope.astype(x.dtype, copy=False))
