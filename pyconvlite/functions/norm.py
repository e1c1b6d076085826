"""Functions that regularise or normalise: dropout, batch normalization."""

from __future__ import annotations

import math
from typing import Any

from .._arguments import share, within
from .._shapes import Array
from ..autograd import Function, Variable, as_input, grad
from ..backends import kernels
from ..config import Config, using_config
from .arithmetic import add, cast, mul
from .math import sqrt
from .reduction import mean
from .shape import reshape


def dropout(x: Any, dropout_ratio: float = 0.5) -> Variable:
    """Set each element to 0 with probability `dropout_ratio`, and scale the others so that the mean stays.

    In `test_mode()` x passes unchanged.

    Args:
        x: Variable or array.
        dropout_ratio: from 0 to below 1.

    Raises:
        TypeError: a ratio that is no number, or an x that is no array.
        ValueError: a ratio out of its range.

    Source: Srivastava et al. 2014, in the inverted form; book step 54.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import test_mode
        >>> with test_mode():
        ...     dropout(np.array([1.0, 2.0]))
        variable([1. 2.])
    """
    x = as_input(x)
    ratio = float(within(0, dropout_ratio, 1, "dropout_ratio"))
    if not Config.train:
        return x  # type: ignore[no-any-return]
    data: Array = x.data
    mask = kernels(data).dropout_mask(data, ratio)
    return mul(x, mask)


class BatchNorm(Function):
    """Batch normalization with the statistics of the batch.

    Args:
        mean, var: running statistics so far, arrays (C,).
        decay: how much of them stays.
        eps: added to the variance.

    Attributes:
        avg_mean, avg_var: after the call, the running statistics with this batch taken in: new arrays.

    Example:
        >>> import numpy as np
        >>> bn = BatchNorm(np.zeros(1), np.ones(1), decay=0.5, eps=0.0)
        >>> y = bn(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1))
        >>> y.data.ravel(), bn.avg_mean
        (array([-1.,  1.]), array([1.]))
    """

    def __init__(self, mean: Array, var: Array, decay: float, eps: float) -> None:
        self.avg_mean = mean
        self.avg_var = var
        self.decay = float(decay)
        self.eps = float(eps)

    def forward(self, x: Array, gamma: Array, beta: Array) -> Any:
        _check_floats(x)
        y, mean, var = kernels(x).batch_norm(x, gamma, beta, self.eps)
        count = x.size // gamma.size
        unbiased = var * (count / max(count - 1, 1))
        self.avg_mean = _moved(self.avg_mean, mean, self.decay)
        self.avg_var = _moved(self.avg_var, unbiased, self.decay)
        return y

    def backward(self, gy: Variable) -> Any:
        x, gamma, _ = self.inputs
        return BatchNormGrad(self.eps)(x, gamma, gy)


def _check_floats(x: Any) -> None:
    if x.dtype.kind != "f":
        raise TypeError(f"x must be floating point; got {x.dtype} (x.astype(np.float32)?)")


def _moved(average: Any, value: Any, decay: float) -> Any:
    return (average * decay + value * (1 - decay)).astype(average.dtype, copy=False)


class BatchNormGrad(Function):
    """Gradients of BatchNorm with respect to x, gamma and beta.

    Example:
        >>> import numpy as np
        >>> x, gamma, gy = np.array([[1.0], [3.0]]), np.ones(1), np.array([[1.0], [2.0]])
        >>> gx, ggamma, gbeta = BatchNormGrad(eps=0.0)(x, gamma, gy)
        >>> ggamma, gbeta
        (variable([1.]), variable([3.]))
    """

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def forward(self, x: Array, gamma: Array, gy: Array) -> Any:
        gx, ggamma, gbeta = kernels(x).batch_norm_grad(x, gamma, gy, self.eps)
        return gx, ggamma.astype(gamma.dtype, copy=False), gbeta.astype(gamma.dtype, copy=False)

    def backward(self, *ggs: Variable) -> Any:
        # The same gradients once more, now of Functions that can be differentiated.
        create_graph = Config.enable_backprop
        with using_config("enable_backprop", True):
            # Copies cut the formula off from the graph before it: gy, or gamma, may depend on x in its turn,
            # which is for whoever called this to follow.
            x, gamma, gy = (cast(v, v.dtype) for v in self.inputs)
            y = _normalized(x, gamma, None, *_statistics(x), self.eps)
            first = [*grad(y, [x, gamma], gy, create_graph=True), gy.sum(axis=(0, *range(2, x.ndim)))]
        return grad(first, [x, gamma, gy], list(ggs), create_graph)


def _statistics(x: Variable) -> tuple[Variable, Variable]:
    """Mean and variance of each channel, ready to broadcast with x."""
    axes = (0, *range(2, x.ndim))
    m = mean(x, axes, keepdims=True)
    return m, mean((x - m) ** 2, axes, keepdims=True)


def _normalized(x: Any, gamma: Any, beta: Any, m: Any, v: Any, eps: float) -> Variable:
    """Gamma * (x - m) / sqrt(v + eps) + beta, built of other Functions."""
    shape = (1, -1, *[1] * (x.ndim - 2))
    y = mul(x - reshape(m, shape), reshape(gamma, shape) / sqrt(reshape(v, shape) + eps))
    return y if beta is None else add(y, reshape(beta, shape))


def batch_norm(
    x: Any, gamma: Any, beta: Any, mean: Any, var: Any, decay: float = 0.9, eps: float = 2e-5
) -> Variable:
    """Normalize each channel to mean 0 and variance 1, then scale by gamma and shift by beta.

    In training the statistics are those of the batch, over all axes but the channels; in `test_mode()` they
    are `mean` and `var`. Neither is written to: the layer keeps the running statistics, with the Function
    BatchNorm.

    Args:
        x: (N, C) or (N, C, H, W).
        gamma, beta: (C,).
        mean, var: running statistics (C,).
        decay: how much of the running statistics stays; they are BatchNorm's `avg_mean` and `avg_var`.
        eps: added to the variance, so that a constant channel divides by no zero.

    Raises:
        TypeError: x is not floating point, or an eps or decay that is no number.
        ValueError: shapes that do not fit, eps or decay out of range, or an empty batch in training.

    Source: Ioffe, Szegedy 2015.

    Example:
        >>> import numpy as np
        >>> ones, zeros = np.ones(1), np.zeros(1)
        >>> batch_norm(np.array([[1.0], [3.0]]), ones, zeros, zeros, ones).data.round(3)
        array([[-1.],
               [ 1.]])
    """
    x, gamma, beta, mean, var = map(as_input, (x, gamma, beta, mean, var))
    if x.ndim < 2:
        raise ValueError(f"x must have 2 axes or more, (N, C, ...); got shape {x.shape}")
    for name, v in {"gamma": gamma, "beta": beta, "mean": mean, "var": var}.items():
        if v.shape != (x.shape[1],):
            raise ValueError(f"{name} must have the shape ({x.shape[1]},), as x has channels; got {v.shape}")
    _check_floats(x)
    within(0, eps, math.inf, "eps")
    share(decay, "decay")
    if not Config.train:
        m, v = (s.data.astype(x.dtype, copy=False) for s in (mean, var))
        return _normalized(x, gamma, beta, m, v, eps)
    if x.size == 0:
        raise ValueError(f"x must have an element to take statistics of; got shape {x.shape}")
    return BatchNorm(mean.data, var.data, decay, eps)(x, gamma, beta)


batch_nrom = batch_norm  # DeZero's spelling
