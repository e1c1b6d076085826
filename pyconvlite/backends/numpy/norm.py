"""Batch normalization, and that of rows: layer, group and instance normalization."""

from __future__ import annotations

import math

import numpy as np

from ..._shapes import Array
from .._calls import counted
from . import contraction

FAR = 64  # means more standard deviations than this from 0 need a second pass


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
    if (mean * mean > FAR**2 * var).any():
        rest = centred.mean(axis=axes, keepdims=True)  # what rounding has left of the mean
        centred -= rest
        mean, var = mean + rest, var - rest * rest
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
    y, inv_std = _centred_rows(x, len(gamma), eps)
    parts = y.reshape(-1, *gamma.shape, x.shape[2])
    parts *= (inv_std * gamma)[..., np.newaxis]
    parts += beta[..., np.newaxis]
    return y.astype(x.dtype, copy=False)


@counted("numpy")
def row_norm_grad(x: Array, gamma: Array, gy: Array, eps: float) -> tuple[Array, Array, Array]:
    centred, inv_std = _centred_rows(x, len(gamma), eps)
    gy = gy.astype(centred.dtype, copy=False)
    shape, size = (-1, *gamma.shape), math.prod(x.shape[1:])
    if x.shape[2] == 1:
        of_gy, of_both = gy.reshape(shape), (gy * centred).reshape(shape)
    else:
        of_gy = gy.sum(axis=2).reshape(shape)
        of_both = contraction.row_products(gy, centred).reshape(shape)
    ggamma, gbeta = (
        contraction.contract(weights.T[:, np.newaxis], v.swapaxes(0, 1))[:, 0]  # summed over the samples
        for weights, v in ((inv_std[..., 0], of_both), (np.ones_like(inv_std[..., 0]), of_gy))
    )
    mean, slope = (contraction.row_products(v, gamma)[..., np.newaxis] / size for v in (of_gy, of_both))
    # gx = (gamma * gy - mean - slope * centred * inv_std**2) * inv_std
    centred *= (slope * inv_std**3).reshape(-1, 1, 1)
    centred += (mean * inv_std).reshape(-1, 1, 1)
    gx = gy.reshape(*of_gy.shape, -1) * (inv_std * gamma)[..., np.newaxis]
    gx = np.subtract(gx.reshape(x.shape), centred, out=centred)
    return gx.astype(x.dtype, copy=False), ggamma, gbeta


def _centred_rows(x: Array, parts: int, eps: float) -> tuple[Array, Array]:
    """x less the mean of each row, and 1 / sqrt(var + eps) as (samples, parts, 1); float32 for float16."""
    K, S = x.shape[1:]
    pieces: Array = x if S > 1 else x.swapaxes(1, 2)
    pieces = pieces.astype(np.float32 if x.dtype == np.float16 else x.dtype, copy=False)
    each = np.full((pieces.shape[2], 1), 1 / (K * S), pieces.dtype)
    centred = pieces - contraction.contract(pieces, each).sum(axis=1, keepdims=True)
    rest = contraction.contract(centred, each).sum(axis=1, keepdims=True)
    var = contraction.row_products(centred, centred).sum(axis=1) / (K * S)
    inv_std = (1 / np.sqrt(var + eps))[:, np.newaxis, np.newaxis]
    if (np.abs(rest) * inv_std > 2 * np.finfo(rest.dtype).eps).any():
        centred -= rest  # what rounding has left of a mean far from 0
    return centred.reshape(x.shape), inv_std.reshape(-1, parts, 1)
