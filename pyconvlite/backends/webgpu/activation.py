"""Activations on the device."""

from __future__ import annotations

from .arithmetic import IS_NAN, maximum
from .array import ndarray
from .elementwise import elementwise
from .program import floats

__all__ = ["hardswish", "hardswish_grad", "normal_cdf", "relu", "relu_grad", "sigmoid"]


def relu(x: ndarray) -> ndarray:
    if x.dtype.kind == "i":
        return maximum(x, 0)
    (x,) = floats(x)
    return elementwise("relu", f"select(F(0), a, (a > F(0)) | {IS_NAN.format(a='a')})", [x])


def relu_grad(gy: ndarray, x: ndarray) -> ndarray:
    gy, x = floats(gy, x)
    return elementwise("relu_grad", "select(F(0), a, b > F(0))", [gy, x])


def sigmoid(x: ndarray) -> ndarray:
    (x,) = floats(x)
    e = "exp(-abs(a))"  # does not overflow
    value = f"select(F(1), {e}, a < F(0)) / (1 + {e})"
    return elementwise("sigmoid", f"select({value}, a, {IS_NAN.format(a='a')})", [x])


def normal_cdf(x: ndarray) -> ndarray:
    (x,) = floats(x)
    # Abramowitz and Stegun's 7.1.26 in z = |x| / sqrt(2): to 1.5e-7
    t = "(1 / (1 + 0.3275911 * abs(a) * 0.70710678))"
    last = f"{t} * (1.421413741 + {t} * (-1.453152027 + {t} * 1.061405429))"
    polynomial = f"{t} * (0.254829592 + {t} * (-0.284496736 + {last}))"
    tail = f"(0.5 * {polynomial} * exp(-0.5 * a * a))"
    return elementwise(
        "normal_cdf", f"select(select(1 - {tail}, {tail}, a < F(0)), a, {IS_NAN.format(a='a')})", [x]
    )


def hardswish(x: ndarray) -> ndarray:
    (x,) = floats(x)
    return elementwise("hardswish", "a * clamp(a / 6 + 0.5, F(0), F(1))", [x])


def hardswish_grad(gy: ndarray, x: ndarray) -> ndarray:
    gy, x = floats(gy, x)
    slope = "select(select(F(0), F(1), b > F(0)), b / 3 + 0.5, abs(b) < F(3))"
    return elementwise("hardswish_grad", f"a * {slope}", [gy, x])
