"""Optimizer updates, and gradient clipping."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .._calls import counted
from ..protocol import Rows


@counted("numpy")
def clip_norm(gradients: list[Array], max_norm: float) -> list[Array]:
    # The square of a float64 may overflow float64; that of a float32 cannot.
    largest = max((float(np.abs(g).max(initial=0)) for g in gradients if g.dtype == np.float64), default=0.0)
    scale = largest if 1e150 < largest < math.inf else 1.0
    squares = [float(((g.astype(np.float64) / scale) ** 2).sum()) for g in gradients]
    norm = scale * math.sqrt(math.fsum(squares))
    return gradients if norm <= max_norm else [g * (max_norm / norm) for g in gradients]


def _moved(W: Array, step: Array) -> Array:
    """W + step, computed in the dtype of the step; a NumPy scalar for 0-d arrays."""
    moved = W + step
    return moved if moved.dtype is W.dtype else moved.astype(W.dtype)


@counted("numpy")
def sgd(rows: Rows[Array], lr: float) -> Rows[Array]:
    rate = -lr
    return [(_moved(W, rate * gW),) for W, gW in rows]


@counted("numpy")
def momentum_sgd(rows: Rows[Array], lr: float, momentum: float) -> Rows[Array]:
    def row(W: Array, gW: Array, v: Array) -> tuple[Array, ...]:
        v = momentum * v - lr * gW
        return _moved(W, v), v

    return [row(*each) for each in rows]


@counted("numpy")
def adagrad(rows: Rows[Array], lr: float, eps: float) -> Rows[Array]:
    def row(W: Array, gW: Array, h: Array) -> tuple[Array, ...]:
        h = h + gW * gW
        return _moved(W, -lr * gW / (np.sqrt(h) + eps)), h

    return [row(*each) for each in rows]


@counted("numpy")
def rmsprop(rows: Rows[Array], lr: float, alpha: float, eps: float, momentum: float) -> Rows[Array]:
    def row(W: Array, gW: Array, square: Array, v: Array) -> tuple[Array, ...]:
        square = alpha * square + (1 - alpha) * gW * gW
        v = momentum * v + gW / (np.sqrt(square) + eps)
        return _moved(W, -lr * v), square, v

    return [row(*each) for each in rows]


@counted("numpy")
def adadelta(rows: Rows[Array], rho: float, eps: float) -> Rows[Array]:
    def row(W: Array, gW: Array, msg: Array, msdx: Array) -> tuple[Array, ...]:
        msg = rho * msg + (1 - rho) * gW * gW
        dx = np.sqrt((msdx + eps) / (msg + eps)) * gW
        return _moved(W, -dx), msg, rho * msdx + (1 - rho) * dx * dx

    return [row(*each) for each in rows]


@counted("numpy")
def adam(rows: Rows[Array], rate: float, beta1: float, beta2: float, eps: float, decay: float) -> Rows[Array]:
    def row(W: Array, gW: Array, m: Array, v: Array) -> tuple[Array, ...]:
        m = beta1 * m + (1 - beta1) * gW
        v = beta2 * v + (1 - beta2) * gW * gW
        step = -rate * m / (np.sqrt(v) + eps)
        return _moved(W, step - decay * W if decay else step), m, v

    return [row(*each) for each in rows]
