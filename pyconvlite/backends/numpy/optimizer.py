"""Optimizer updates, and gradient clipping."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .._calls import counted


def _add_step(W: Array, step: Array) -> Array:
    """W + step, computed in the dtype of the step; a NumPy scalar for 0-d arrays."""
    return (W.astype(step.dtype, copy=False) + step).astype(W.dtype, copy=False)


add_step = counted("numpy", "add_step")(_add_step)


@counted("numpy")
def clip_norm(gradients: list[Array], most: float) -> list[Array]:
    # the square of a float32 may overflow float32, but not float64
    squares = [float((g.astype(np.float64) ** 2).sum()) for g in gradients]
    norm = math.sqrt(math.fsum(squares))
    return [g * (most / norm) for g in gradients] if norm > most else gradients


@counted("numpy")
def sgd(W: Array, gW: Array, lr: float) -> Array:
    return _add_step(W, -lr * gW)


@counted("numpy")
def momentum_sgd(W: Array, v: Array, gW: Array, lr: float, momentum: float) -> tuple[Array, Array]:
    v = momentum * v - lr * gW
    return _add_step(W, v), v


@counted("numpy")
def adam(
    W: Array,
    m: Array,
    v: Array,
    gW: Array,
    rate: float,
    beta1: float,
    beta2: float,
    eps: float,
    decay: float,
) -> tuple[Array, Array, Array]:
    m = beta1 * m + (1 - beta1) * gW
    v = beta2 * v + (1 - beta2) * gW * gW
    step = -rate * m / (np.sqrt(v) + eps)
    if decay:
        step -= decay * W.astype(step.dtype, copy=False)
    return _add_step(W, step), m, v
