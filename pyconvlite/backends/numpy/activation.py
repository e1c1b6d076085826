"""ReLU, sigmoid, and the normal distribution function for GELU."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .._calls import counted


@counted("numpy")
def relu(x: Array) -> Array:
    return np.maximum(x, 0)


@counted("numpy")
def relu_grad(gy: Array, x: Array) -> Array:
    return np.where(x > 0, gy, 0)


@counted("numpy")
def sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x if x.dtype.kind == "f" else x.astype(np.float64)))  # does not overflow
    return np.asarray(np.where(x < 0, e, 1) / (1 + e))


# Chebyshev coefficients, in s = 2t - 1, of log(erfc(z) / t) + z^2 with t = 2 / (2 + z) and z >= 0. The
# first 10 give erfc with a relative error of 1e-7, all of them 1e-14.
_ERFC = (
    *(-0.65132685989085472, 0.64196979235649026, 0.019476473204185836, -0.0095615147868086316),
    *(-0.00094659534448203687, 0.00036683949785276145, 4.2523324806907772e-5, -2.0278578112534243e-5),
    *(-1.6242900046470255e-6, 1.3036558355805232e-6, 1.5626441722066143e-8, -8.5238095914926543e-8),
    *(6.5290544390988515e-9, 5.0593434955514689e-9, -9.9136415649303309e-10, -2.2736512229318359e-10),
    *(9.6467911020155268e-11, 2.3940380830391147e-12, -6.8860275264975534e-12, 8.9448792730907257e-13),
    *(3.1309213993429581e-13, -1.1270822361367252e-13, 3.8109052551892321e-16, 7.1060976136092369e-15),
)


@counted("numpy")
def normal_cdf(x: Array) -> Array:
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    z = np.abs(x).astype(np.float32 if dtype == np.float16 else dtype) * math.sqrt(0.5)
    z = np.minimum(z, 40)  # beyond 40 the tail is 0, and z * z may overflow
    t = 2 / (2 + z)
    s = 2 * t - 1
    b1 = b2 = np.zeros_like(s)
    for coefficient in _ERFC[9 if z.dtype == np.float32 else None : 0 : -1]:  # Clenshaw's recurrence
        b1, b2 = 2 * s * b1 - b2 + coefficient, b1
    tail = t * np.exp(s * b1 - b2 + _ERFC[0] - z * z) * 0.5
    return np.where(x < 0, tail, 1 - tail).astype(dtype, copy=False)


@counted("numpy")
def hardswish(x: Array) -> Array:
    return np.asarray(x * np.clip(x * (1 / 6) + 0.5, 0, 1))


@counted("numpy")
def hardswish_grad(gy: Array, x: Array) -> Array:
    slope = np.where(abs(x) < 3, x * (1 / 3) + 0.5, x > 0)
    return np.asarray(gy * slope.astype(x.dtype, copy=False))
