"""Activations on the device."""

from __future__ import annotations

import math

from .arithmetic import maximum
from .array import ndarray
from .elementwise import IS_NAN, elementwise
from .program import floats

__all__ = [
    "erf",
    "gelu_grad",
    "hardswish",
    "hardswish_grad",
    "normal_cdf",
    "relu",
    "relu_grad",
    "sigmoid",
    "silu_grad",
]


def relu(x: ndarray) -> ndarray:
    if x.dtype.kind == "i":
        return maximum(x, 0)
    (x,) = floats(x)
    return elementwise("relu", f"select(F(0), a, (a > F(0)) | {IS_NAN.format(a='a')})", [x])


def relu_grad(gy: ndarray, x: ndarray) -> ndarray:
    gy, x = floats(gy, x)
    return elementwise("relu_grad", f"select(F(0), a, (b > F(0)) | {IS_NAN.format(a='b')})", [gy, x])


def sigmoid(x: ndarray) -> ndarray:
    (x,) = floats(x)
    e = "exp(-abs(a))"  # does not overflow
    value = f"select(F(1), {e}, a < F(0)) / (1 + {e})"
    return elementwise("sigmoid", f"select({value}, a, {IS_NAN.format(a='a')})", [x])


def _erfc(z: str) -> str:
    """WGSL's complementary error function of z >= 0 by Abramowitz and Stegun's 7.1.26: to 1.5e-7."""
    t = f"(1 / (1 + 0.3275911 * {z}))"
    last = f"{t} * (1.421413741 + {t} * (-1.453152027 + {t} * 1.061405429))"
    return f"({t} * (0.254829592 + {t} * (-0.284496736 + {last})) * exp(-{z} * {z}))"


def erf(x: ndarray) -> ndarray:
    (x,) = floats(x)
    # The Taylor series at 0, of a bounded z, whose square does not overflow.
    series = "F(0)"
    for n in range(10, -1, -1):
        series = (
            f"({series} * z * z + {2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1))})"
        )
    z = "min(abs(a), F(9))"
    value = f"select(sign(a) * (1 - {_erfc(z)}), a * {series.replace('z', z)}, abs(a) < F(1))"
    return elementwise("erf", f"select({value}, a, {IS_NAN.format(a='a')})", [x])


def normal_cdf(x: ndarray) -> ndarray:
    (x,) = floats(x)
    tail = f"(0.5 * {_erfc('abs(a) * 0.70710678')})"
    return elementwise(
        "normal_cdf", f"select(select(1 - {tail}, {tail}, a < F(0)), a, {IS_NAN.format(a='a')})", [x]
    )


def gelu_grad(gy: ndarray, x: ndarray, cdf: ndarray) -> ndarray:
    gy, x, cdf = floats(gy, x, cdf)
    density = f"({1 / math.sqrt(2 * math.pi)} * exp(b * b * -0.5))"
    return elementwise("gelu_grad", f"a * (c + b * {density})", [gy, x, cdf])


def silu_grad(gy: ndarray, x: ndarray, s: ndarray) -> ndarray:
    gy, x, s = floats(gy, x, s)
    return elementwise("silu_grad", "a * (c * (1 + b * (1 - c)))", [gy, x, s])


def hardswish(x: ndarray) -> ndarray:
    (x,) = floats(x)
    return elementwise("hardswish", "a * clamp(a / 6 + 0.5, F(0), F(1))", [x])


def hardswish_grad(gy: ndarray, x: ndarray) -> ndarray:
    gy, x = floats(gy, x)
    slope = "select(b / 3 + 0.5, select(F(0), F(1), b > F(0)), abs(b) >= F(3))"
    slope = f"select({slope}, b, {IS_NAN.format(a='b')})"
    return elementwise("hardswish_grad", f"a * {slope}", [gy, x])
