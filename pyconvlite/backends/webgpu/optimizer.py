"""Optimizers' updates on the device, each one kernel."""

from __future__ import annotations

import functools
import operator

from .arithmetic import maximum
from .array import ndarray
from .elementwise import elementwise
from .packing import batches, foreach, joined

__all__ = ["adam", "add_step", "clip_norm", "momentum_sgd", "sgd"]


def add_step(W: ndarray, step: ndarray) -> ndarray:
    return elementwise("add_step", "a + b", [W, step], dtypes=[W.dtype])


def clip_norm(gradients: list[ndarray], most: float) -> list[ndarray]:
    """The gradients, scaled so that their joint L2 norm is at most `most`.

    The factor stays on the device, so nothing waits for it. Gradients are scaled to at most 1 before they are
    squared, lest the squares overflow.
    """
    packed = [joined(batch) for batch in batches(gradients)]
    largest = functools.reduce(maximum, [abs(g).max() for g in packed])
    scale = maximum(largest, 1e-30)
    squares = functools.reduce(operator.add, [((g / scale) ** 2).sum() for g in packed])
    factor = elementwise("clip_norm", "min(F(1), s0 / (sqrt(a) * b))", [squares, scale], [most])
    return [short for (short,) in foreach(lambda g: (g * factor,), [(g,) for g in gradients])]


def sgd(W: ndarray, gW: ndarray, lr: float) -> ndarray:
    return elementwise("sgd", "a - s0 * b", [W, gW], [lr], [W.dtype])


def momentum_sgd(W: ndarray, v: ndarray, gW: ndarray, lr: float, momentum: float) -> tuple[ndarray, ndarray]:
    velocity = "(s1 * b - s0 * c)"
    texts = f"a + {velocity}", velocity
    return elementwise("momentum_sgd", texts, [W, v, gW], [lr, momentum], [W.dtype, v.dtype])


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
) -> tuple[ndarray, ndarray, ndarray]:
    mean, square = "(s1 * b + s2 * d)", "(s3 * c + s4 * d * d)"
    updated = f"a - s0 * {mean} / (sqrt({square}) + s5) - s6 * a"
    numbers = [rate, beta1, 1 - beta1, beta2, 1 - beta2, eps, decay]
    return elementwise("adam", (updated, mean, square), [W, m, v, gW], numbers, [W.dtype, m.dtype, v.dtype])
