"""Optimizers' updates on the device, each one kernel."""

from __future__ import annotations

import functools
import operator

import numpy as np

from ..protocol import Rows
from .arithmetic import maximum
from .array import ndarray
from .elementwise import IS_INFINITE, IS_NAN, compute, elementwise
from .packing import batches, foreach, joined

__all__ = ["adadelta", "adagrad", "adam", "clip_norm", "momentum_sgd", "rmsprop", "sgd"]


# The factor, from the squares' sum `a` and the largest gradient `b`. NaN and infinity are detected by their
# bits, as comparisons may ignore them.
CLIP = "min(F(1), s0 / (sqrt(a) * b))"
CLIP = f"select({CLIP}, F(0), {IS_INFINITE.format(a='b')})"
CLIP = f"select({CLIP}, b, {IS_NAN.format(a='b')})"


def clip_norm(gradients: list[ndarray], max_norm: float) -> list[ndarray]:
    """The gradients, scaled so that their joint L2 norm is at most `max_norm`.

    The factor stays on the device, so nothing waits for it. Gradients are scaled to at most 1 before they are
    squared, so that the squares do not overflow. As in NumPy's kernel, the factor is 0 if one is infinite,
    and NaN if one is NaN.
    """
    packed = [joined(batch) for batch in batches([g for g in gradients if g.size])]
    if not packed:
        return gradients
    largest = functools.reduce(maximum, [abs(g).max() for g in packed])
    scale = maximum(largest, 1e-30)
    squares = functools.reduce(operator.add, [((g / scale) ** 2).sum() for g in packed])
    factor = elementwise("clip_norm", CLIP, [squares, scale], [max_norm])
    return [short for (short,) in foreach(lambda g: (g * factor,), [(g,) for g in gradients])]


def sgd(rows: Rows[ndarray], lr: float) -> Rows[ndarray]:
    return _update("sgd", ("a - s0 * b",), rows, lr)


def momentum_sgd(rows: Rows[ndarray], lr: float, momentum: float) -> Rows[ndarray]:
    velocity = "(s1 * c - s0 * b)"
    return _update("momentum_sgd", (f"a + {velocity}", velocity), rows, lr, momentum)


def adagrad(rows: Rows[ndarray], lr: float, eps: float) -> Rows[ndarray]:
    total = "(c + b * b)"
    return _update("adagrad", (f"a - s0 * b / (sqrt({total}) + s1)", total), rows, lr, eps)


def rmsprop(rows: Rows[ndarray], lr: float, alpha: float, eps: float, momentum: float) -> Rows[ndarray]:
    square = "(s1 * c + s2 * b * b)"
    velocity = f"(s4 * d + b / (sqrt({square}) + s3))"
    texts = f"a - s0 * {velocity}", square, velocity
    return _update("rmsprop", texts, rows, lr, alpha, 1 - alpha, eps, momentum)


def adadelta(rows: Rows[ndarray], rho: float, eps: float) -> Rows[ndarray]:
    square = "(s0 * c + s1 * b * b)"
    step = f"(sqrt((d + s2) / ({square} + s2)) * b)"
    texts = f"a - {step}", square, f"(s0 * d + s1 * {step} * {step})"
    return _update("adadelta", texts, rows, rho, 1 - rho, eps)


def adam(
    rows: Rows[ndarray], rate: float, beta1: float, beta2: float, eps: float, decay: float
) -> Rows[ndarray]:
    mean, square = "(s1 * c + s2 * b)", "(s3 * d + s4 * b * b)"
    updated = f"a - s0 * {mean} / (sqrt({square}) + s5) - s6 * a"
    numbers = rate, beta1, 1 - beta1, beta2, 1 - beta2, eps, decay
    return _update("adam", (updated, mean, square), rows, *numbers)


def _update(name: str, texts: tuple[str, ...], rows: Rows[ndarray], *numbers: float) -> Rows[ndarray]:
    """One kernel for all rows; `a` is W, `b` gW, `c` and `d` are the states."""

    def row(W: ndarray, gW: ndarray, *states: ndarray) -> tuple[ndarray, ...]:
        shape = np.broadcast_shapes(W.shape, gW.shape, *[state.shape for state in states])
        outputs = tuple(x.new(shape, x.dtype) for x in (W, *states))
        compute(name, texts, [W, gW, *states], numbers, outputs)
        return outputs

    return list(foreach(row, rows))
