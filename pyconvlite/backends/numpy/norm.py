"""Batch normalization."""

from __future__ import annotations

import math

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


@counted("numpy")
def scale_channels(x: Array, mean: Array, scale: Array, shift: Array) -> Array:
    return (x - _per_channel(mean, x)) * _per_channel(scale, x) + _per_channel(shift, x)


@counted("numpy")
def row_norm(x: Array, gamma: Array, beta: Array, eps: float) -> Array:
    y, _ = _standard_rows(x, eps)
    y = y.reshape(-1, *gamma.shape, x.shape[2]) * gamma[..., None] + beta[..., None]
    return y.reshape(x.shape).astype(x.dtype, copy=False)


@counted("numpy")
def row_norm_grad(x: Array, gamma: Array, gy: Array, eps: float) -> tuple[Array, Array, Array]:
    y, inv_std = _standard_rows(x, eps)
    parts = gy.reshape(-1, *gamma.shape, x.shape[2]).astype(y.dtype, copy=False)
    of_gy, of_both = (v.sum(axis=3) for v in (parts, parts * y.reshape(parts.shape)))
    size = math.prod(x.shape[1:])
    mean, slope = (
        (v * gamma).reshape(len(x), 1, -1).sum(axis=2, keepdims=True) / size for v in (of_gy, of_both)
    )
    g = (parts * gamma[..., None]).reshape(x.shape)
    gx = (g - mean - y * slope) * inv_std
    return gx.astype(x.dtype, copy=False), of_both.sum(axis=0), of_gy.sum(axis=0)


def _standard_rows(x: Array, eps: float) -> tuple[Array, Array]:
    """Each row of x (rows, K, S) with mean 0 and variance 1, and 1 / sqrt(var + eps); float32 for float16."""
    if x.dtype == np.float16:
        x = x.astype(np.float32)
    centred = x - x.mean(axis=(1, 2), keepdims=True)
    inv_std = 1 / np.sqrt((centred * centred).mean(axis=(1, 2), keepdims=True) + eps)
    return centred * inv_std, inv_std
