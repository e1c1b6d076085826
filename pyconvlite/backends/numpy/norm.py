"""Batch normalization."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .._calls import counted


@counted("numpy")
def batch_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    mean, centred, inv_std, var = _standardize(x, eps)
    y = centred * (inv_std * _per_channel(gamma, x)) + _per_channel(beta, x)
    return y.astype(x.dtype, copy=False), mean.ravel(), var.ravel()


@counted("numpy")
def batch_norm_grad(x: Array, gamma: Array, gy: Array, eps: float) -> tuple[Array, Array, Array]:
    _, centred, inv_std, _ = _standardize(x, eps)
    centred *= inv_std
    axes = _all_but_channels(x)
    gbeta = gy.sum(axis=axes, keepdims=True, dtype=centred.dtype)
    ggamma = (gy * centred).sum(axis=axes, keepdims=True)
    count = x.size // gamma.size
    gx = (gy - gbeta / count - centred * (ggamma / count)) * (inv_std * _per_channel(gamma, x))
    return gx.astype(x.dtype, copy=False), ggamma.ravel(), gbeta.ravel()


def _standardize(x: Array, eps: float) -> tuple[Array, Array, Array, Array]:
    """mean, x - mean, 1 / sqrt(var + eps) and var, which broadcast with x; float32 for float16."""
    if x.dtype == np.float16:
        x = x.astype(np.float32)
    axes = _all_but_channels(x)
    mean = x.mean(axis=axes, keepdims=True)
    centred = x - mean
    var = (centred * centred).mean(axis=axes, keepdims=True)
    return mean, centred, 1 / np.sqrt(var + eps), var


def _all_but_channels(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _per_channel(v: Array, x: Array) -> Array:
    return v.reshape(1, -1, *[1] * (x.ndim - 2))
