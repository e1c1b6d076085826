"""Softmax, its logarithm, and their gradients on the device, composed of a few dispatches."""

from __future__ import annotations

from .array import ndarray
from .namespace import exp
from .namespace import log as logarithm


def softmax(x: ndarray, axis: int, log: bool) -> ndarray:
    y = x - x.max(axis=axis, keepdims=True)
    e = exp(y)
    total = e.sum(axis=axis, keepdims=True)
    return y - logarithm(total) if log else e / total


def softmax_grad(y: ndarray, gy: ndarray, axis: int, log: bool) -> ndarray:
    if log:
        return gy - exp(y) * gy.sum(axis=axis, keepdims=True)
    return y * (gy - (y * gy).sum(axis=axis, keepdims=True))
