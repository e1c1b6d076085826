"""Normalization of each sample by itself: layer, group and instance normalization.

Unlike batch normalization they do the same in training and in inference, and need no batch.
"""

from __future__ import annotations

import math
from typing import Any, SupportsIndex

from .._arguments import at_least, within
from .._shapes import Array, check_axes
from ..autograd import Function, Variable, as_input, grad
from ..backends import get_array_module, kernels
from ..config import Config
from ._second_order import second_gradients
from .arithmetic import add, mul
from .casts import check_floats
from .math import sqrt
from .reduction import mean, sum
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
    x = as_input(x, "x")
    sizes = normalized_shape if isinstance(normalized_shape, tuple | list) else (normalized_shape,)
    shape = tuple([at_least(1, size, "normalized_shape") for size in sizes])
    if not shape or x.shape[-len(shape) :] != shape:
        raise ValueError(f"normalized_shape must be the last lengths of x's shape {x.shape}; got {shape}")
    rows, K = math.prod(x.shape[: -len(shape)]), math.prod(shape)
    return _normalized_rows(x, (rows, K, 1), (1, K), shape, shape, gamma, beta, eps)


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
    x = as_input(x, "x")
    check_axes(x.shape, "(N, C, ...)")
    N, C = x.shape[:2]
    groups = at_least(1, num_groups, "num_groups")
    if C % groups:
        raise ValueError(f"num_groups must divide the channels C of x; got {groups} groups for {C}")
    K, S = C // groups, math.prod(x.shape[2:])
    broadcast = C, *[1] * (x.ndim - 2)
    return _normalized_rows(x, (N * groups, K, S), (groups, K), (C,), broadcast, gamma, beta, eps)


def instance_norm(x: Any, gamma: Any = None, beta: Any = None, eps: float = 1e-5) -> Variable:
    """Normalize each channel of each sample to mean 0 and variance 1: `group_norm` with C groups.

    Args:
        x: Variable or array of shape (N, C, L, ...).
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
    x = as_input(x, "x")
    check_axes(x.shape, "(N, C, L, ...)")
    return group_norm(x, max(1, x.shape[1]), gamma, beta, eps)


def _normalized_rows(
    x: Variable,
    rows: tuple[int, int, int],
    parts: tuple[int, int],
    shape: tuple[int, ...],
    broadcast: tuple[int, ...],
    gamma: Any,
    beta: Any,
    eps: float,
) -> Variable:
    """`x` as `rows` of RowNorm, normalized, then scaled and shifted.

    gamma and beta have `shape`, which is `parts` for RowNorm; in the shape `broadcast` they broadcast with x.
    """
    check_floats(x)
    within(0, eps, math.inf, "eps")
    params = {name: as_input(param) for name, param in {"gamma": gamma, "beta": beta}.items()}
    for name, param in params.items():
        if param.data is not None and param.shape != shape:
            raise ValueError(f"{name} must have shape {shape}; got {param.shape} for x of shape {x.shape}")
    if not x.size:
        for f, param in zip((mul, add), params.values(), strict=True):
            x = x if param.data is None else f(x, reshape(param, broadcast))
        return x
    xp = get_array_module(x.data)
    scale, shift = (
        make(parts, x.dtype) if param.data is None else _reshaped(param, parts)
        for make, param in zip((xp.ones, xp.zeros), params.values(), strict=True)
    )
    return _reshaped(RowNorm(eps)(_reshaped(x, rows), scale, shift), x.shape)


def _reshaped(x: Variable, shape: tuple[int, ...]) -> Variable:
    """`x` in another shape; without a Function, which takes as long as a small norm, if there is no graph."""
    return reshape(x, shape) if Config.enable_backprop else Variable(x.data.reshape(shape))


class RowNorm(Function):
    """Each row of x (rows, K, S), normalized to mean 0 and variance 1, times gamma, plus beta.

    gamma and beta are (parts, K): row r has those of the part r % parts.

    Args:
        eps: added to the variance.

    Example:
        >>> import numpy as np
        >>> RowNorm(eps=0.0)(np.array([[[1.0], [3.0]]]), np.ones((1, 2)), np.zeros((1, 2)))
        variable([[[-1.]
                   [ 1.]]])
    """

    reads_outputs = False

    def __init__(self, eps: float) -> None:
        self.eps = float(eps)

    def forward(self, x: Array, gamma: Array, beta: Array) -> Any:
        return kernels(x).row_norm(x, gamma, beta, self.eps)

    def backward(self, gy: Variable) -> Any:
        x, gamma, _ = self.inputs
        return RowNormGrad(self.eps)(x, gamma, gy)


class RowNormGrad(Function):
    """Gradients of RowNorm with respect to x, gamma and beta.

    Example:
        >>> import numpy as np
        >>> x, gamma, gy = np.array([[[1.0], [3.0]]]), np.ones((1, 2)), np.array([[[1.0], [2.0]]])
        >>> gx, ggamma, gbeta = RowNormGrad(eps=0.0)(x, gamma, gy)
        >>> ggamma, gbeta
        (variable([[-1.  2.]]), variable([[1. 2.]]))
    """

    reads_outputs = False

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def forward(self, x: Array, gamma: Array, gy: Array) -> Any:
        gx, ggamma, gbeta = kernels(x).row_norm_grad(x, gamma, gy, self.eps)
        return gx, ggamma.astype(gamma.dtype, copy=False), gbeta.astype(gamma.dtype, copy=False)

    def backward(self, *ggs: Variable) -> Any:
        def gradients(x: Variable, gamma: Variable, gy: Variable) -> list[Variable]:
            centred = x - mean(x, (1, 2), keepdims=True)
            standard = centred / sqrt(mean(centred * centred, (1, 2), keepdims=True) + self.eps)
            parts = (-1, *gamma.shape, x.shape[2])
            y = reshape(reshape(standard, parts) * reshape(gamma, (*gamma.shape, 1)), x.shape)
            return [*grad(y, [x, gamma], gy, create_graph=True), sum(reshape(gy, parts), (0, 3))]

        return second_gradients(gradients, self.inputs, ggs)
