"""Normalization of each sample by itself: layer, group and instance normalization.

Unlike batch normalization they do the same in training and in inference, and need no batch.
"""

from __future__ import annotations

import math
from typing import Any, SupportsIndex

from .._arguments import at_least, within
from ..autograd import Variable, as_input
from ..backends import get_array_module
from .arithmetic import add, mul
from .norm import Standardize, check_floats
from .shape import reshape


def layer_norm(
    x: Any,
    normalized_shape: SupportsIndex | tuple[SupportsIndex, ...],
    gamma: Any = None,
    beta: Any = None,
    eps: float = 1e-5,
) -> Variable:
    """Normalize over the last axes to mean 0 and variance 1, then scale by gamma and shift by beta.

    Args:
        x: Variable or array of shape (..., *normalized_shape).
        normalized_shape: lengths of the axes to normalize over, or of the last one.
        gamma, beta: scale and shift, of shape normalized_shape; None for 1 and 0.
        eps: added to the variance to avoid division by zero, at least 0.

    Raises:
        TypeError: x is not floating point, `eps` is not a number, or `normalized_shape` not of integers.
        ValueError: the shapes do not match, or `eps` is below 0.

    Source: Ba, Kiros, Hinton 2016.

    Example:
        >>> import numpy as np
        >>> layer_norm(np.array([[1.0, 3.0], [10.0, 30.0]]), 2).data.round(3)
        array([[-1.,  1.],
               [-1.,  1.]])
    """
    x = as_input(x)
    sizes = normalized_shape if isinstance(normalized_shape, tuple | list) else (normalized_shape,)
    shape = tuple([at_least(1, size, "normalized_shape") for size in sizes])
    if not shape or x.shape[-len(shape) :] != shape:
        raise ValueError(f"normalized_shape must be the last lengths of x's shape {x.shape}; got {shape}")
    return _normalized_parts(x, math.prod(x.shape[: -len(shape)]), shape, shape, gamma, beta, eps)


def group_norm(x: Any, num_groups: int, gamma: Any = None, beta: Any = None, eps: float = 1e-5) -> Variable:
    """Normalize each group of channels of each sample to mean 0 and variance 1, then scale and shift.

    Args:
        x: Variable or array of shape (N, C, ...).
        num_groups: number of groups of adjacent channels, which divides C.
        gamma, beta: scale and shift, of shape (C,); None for 1 and 0.
        eps: added to the variance to avoid division by zero, at least 0.

    Raises:
        TypeError: x is not floating point, `num_groups` is not an integer, or `eps` is not a number.
        ValueError: the shapes do not match, `num_groups` does not divide C, or `eps` is below 0.

    Source: Wu, He 2018.

    Example:
        >>> import numpy as np
        >>> group_norm(np.array([[1.0, 3.0, 10.0, 30.0]]), num_groups=2).data.round(3)
        array([[-1.,  1., -1.,  1.]])
    """
    x = as_input(x)
    if x.ndim < 2:
        raise ValueError(f"x must have at least 2 axes, (N, C, ...); got shape {x.shape}")
    N, C = x.shape[:2]
    groups = at_least(1, num_groups, "num_groups")
    if C % groups:
        raise ValueError(f"num_groups must divide the channels C of x; got {groups} groups for {C}")
    return _normalized_parts(x, N * groups, (C,), (C, *[1] * (x.ndim - 2)), gamma, beta, eps)


def instance_norm(x: Any, gamma: Any = None, beta: Any = None, eps: float = 1e-5) -> Variable:
    """Normalize each channel of each sample to mean 0 and variance 1: `group_norm` with C groups.

    Args:
        x: Variable or array of shape (N, C, ...), with at least 3 axes.
        gamma, beta, eps: as in `group_norm`.

    Raises:
        TypeError, ValueError: as in `group_norm`.

    Source: Ulyanov, Vedaldi, Lempitsky 2016.

    Example:
        >>> import numpy as np
        >>> instance_norm(np.array([[[1.0, 3.0], [10.0, 30.0]]])).data.round(3)
        array([[[-1.,  1.],
                [-1.,  1.]]])
    """
    x = as_input(x)
    if x.ndim < 3:
        raise ValueError(f"x must have at least 3 axes, (N, C, ...); got shape {x.shape}")
    return group_norm(x, max(1, x.shape[1]), gamma, beta, eps)


def _normalized_parts(
    x: Variable,
    rows: int,
    shape: tuple[int, ...],
    broadcast: tuple[int, ...],
    gamma: Any,
    beta: Any,
    eps: float,
) -> Variable:
    """`x`, normalized in `rows` contiguous parts, then scaled and shifted.

    gamma and beta have `shape`, and in the shape `broadcast` broadcast with x.
    """
    check_floats(x)
    within(0, eps, math.inf, "eps")
    y = x
    if x.size:
        xp = get_array_module(x.data)
        parts = reshape(x, (1, rows, x.size // rows))  # batch normalization with a channel for each
        ones, zeros = xp.ones(rows, x.dtype), xp.zeros(rows, x.dtype)
        y = reshape(Standardize(eps)(parts, ones, zeros), x.shape)
    for f, name, param in ((mul, "gamma", gamma), (add, "beta", beta)):
        if param is not None:
            if as_input(param).shape != shape:
                raise ValueError(
                    f"{name} must have shape {shape}; got {param.shape} for x of shape {x.shape}"
                )
            y = f(y, reshape(param, broadcast))
    return y
