"""Initial weights by name: the distributions of He, Glorot and LeCun, and orthogonal matrices.

A layer draws its weights when its input size is known, with a variance that depends on two numbers: fan_in
input elements take part in an output element, and an input element takes part in fan_out of these.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .._random import rng
from .._shapes import Array

_VARIANCES: dict[str, Callable[[int, int], float]] = {
    "lecun": lambda fan_in, fan_out: 1 / fan_in,
    "he": lambda fan_in, fan_out: 2 / fan_in,
    "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
}
_VARIANCES |= {"kaiming": _VARIANCES["he"], "xavier": _VARIANCES["glorot"]}  # by their first names
NAMES = (*(f"{name}_{shape}" for name in _VARIANCES for shape in ("normal", "uniform")), "orthogonal")


def initial(name: str, shape: tuple[int, ...], fan_in: int, fan_out: int, dtype: np.dtype) -> Array:
    """Draw initial weights.

    Args:
        name: "lecun_normal" with variance 1 / fan_in, "he_normal" with 2 / fan_in (for ReLU), "glorot_normal"
            with 2 / (fan_in + fan_out), the same with "uniform" in place of "normal"; "kaiming" and "xavier"
            for "he" and "glorot"; or "orthogonal", whose rows or columns, with the axes after the first
            merged, have length 1 and are at right angles.
        shape: shape of the array.
        fan_in, fan_out: as above, at least 1.
        dtype: float16, float32 or float64.

    Source: LeCun et al. 1998, Glorot, Bengio 2010, He et al. 2015, Saxe et al. 2014.

    Example:
        >>> W = initial("orthogonal", (2, 3), 3, 2, np.dtype(np.float64))
        >>> np.allclose(W @ W.T, np.eye(2))
        True
    """
    if name == "orthogonal":
        return _orthogonal(shape, dtype)
    kind, form = name.split("_")
    variance = _VARIANCES[kind](fan_in, fan_out)
    if form == "normal":
        return normal(shape, math.sqrt(variance), dtype)
    limit = math.sqrt(3 * variance)  # a uniform distribution from -a to a has the variance a * a / 3
    drawn = rng().random(shape, dtype=_drawn(dtype))
    drawn *= 2 * limit
    drawn -= limit
    return drawn.astype(dtype, copy=False)


def normal(shape: tuple[int, ...], deviation: float, dtype: np.dtype) -> Array:
    """Draw weights from a normal distribution with mean 0.

    Args:
        shape: shape of the array.
        deviation: standard deviation.
        dtype: float16, float32 or float64.

    Example:
        >>> normal((2, 3), 0.1, np.dtype(np.float32)).shape
        (2, 3)
    """
    drawn = rng().standard_normal(shape, dtype=_drawn(dtype))
    drawn *= deviation
    return drawn.astype(dtype, copy=False)


def _drawn(dtype: np.dtype) -> type[np.float32] | type[np.float64]:
    # NumPy cannot draw float16. float32 is drawn directly, since a float64 copy would be twice as large.
    return np.float64 if dtype == np.float64 else np.float32


def _orthogonal(shape: tuple[int, ...], dtype: np.dtype) -> Array:
    rows, columns = shape[0], math.prod(shape[1:])
    drawn = rng().standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    # Otherwise the signs would not be evenly distributed (Mezzadri 2007).
    q *= np.where(np.diag(r) < 0, -1, 1)
    return (q if rows >= columns else q.T).reshape(shape).astype(dtype)
