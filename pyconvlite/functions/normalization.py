"""Dropout and batch normalization; see sample_norm for layer, group and instance normalization."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._arguments import fraction, within
from .._shapes import Array, check_axes
from ..autograd import Function, Variable, as_input, grad
from ..backends import get_array_module, kernels
from ..config import Config
from ._second_order import second_gradients
from .arithmetic import mul
from .casts import as_floats, cast, check_floats
from .math import sqrt
from .reduction import mean, sum
from .shape import reshape

_MOST_FLOAT16 = float(np.finfo(np.float16).max)


class Dropout(Function):
    """Product with the mask of `dropout`.

    Example:
        >>> import numpy as np
        >>> Dropout(np.array([0.0, 2.0]))(np.array([3.0, 4.0]))
        variable([0. 8.])
    """

    reads_inputs = reads_outputs = False

    def __init__(self, mask: Array) -> None:
        self.mask = mask

    def forward(self, x: Array) -> Any:
        return kernels(x).mul(x, self.mask)

    def backward(self, gy: Variable) -> Any:
        return Dropout(self.mask)(gy)


def dropout(x: Any, dropout_ratio: float = 0.5) -> Variable:
    """Set each element to 0 with probability `dropout_ratio` and divide the others by 1 - `dropout_ratio`.

    The division preserves the expected value. In `test_mode()` x is returned unchanged.

    Args:
        x: Variable or array.
        dropout_ratio: a number, at least 0 and below 1.

    Raises:
        TypeError: `dropout_ratio` is not a number, or x is not an array.
        ValueError: `dropout_ratio` is not in [0, 1).

    Source: Srivastava et al. 2014, as inverted dropout; book step 54.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import test_mode
        >>> with test_mode():
        ...     dropout(np.array([1.0, 2.0]))
        variable([1. 2.])
    """
    x = as_input(x, "x")
    return _dropout(x, x.data, dropout_ratio)


def dropout2d(x: Any, dropout_ratio: float = 0.5) -> Variable:
    """`dropout` of whole channels: each is set to 0 with probability `dropout_ratio`, or else scaled up.

    Adjacent pixels are correlated, so that dropping single ones removes little; whole channels are dropped.

    Args:
        x: images of shape (N, C, H, W).
        dropout_ratio: a number, at least 0 and below 1.

    Raises:
        TypeError: `dropout_ratio` is not a number.
        ValueError: `dropout_ratio` is not in [0, 1), or x does not have 4 axes.

    Source: Tompson et al. 2015.

    Example:
        >>> import numpy as np
        >>> y = dropout2d(np.ones((1, 2, 2, 2)))
        >>> all(channel.min() == channel.max() for channel in y.data[0])
        True
    """
    x = as_input(x, "x")
    check_axes(x.shape, "(N, C, H, W)")
    return _dropout(x, x.data[:, :, :1, :1], dropout_ratio)


def _dropout(x: Variable, like: Array, dropout_ratio: float) -> Variable:
    """Dropout with a mask of the shape of `like`, which broadcasts with x."""
    ratio = float(within(0, dropout_ratio, 1, "dropout_ratio"))
    if not Config.train:
        return x
    if x.dtype == np.float16 and (1 - ratio) * _MOST_FLOAT16 < 1:
        return cast(_dropout(cast(x, np.float32), like.astype(np.float32), ratio), np.float16)
    return Dropout(kernels(like).dropout_mask(like, ratio))(x)


class BatchNorm(Function):
    """Batch normalization with the statistics of the batch.

    Args:
        mean, var: old running statistics, arrays of shape (C,).
        decay: weight of the old running statistics.
        eps: added to the variance.

    Attributes:
        avg_mean, avg_var: after the call, the updated running statistics, in new arrays; `avg_var` stays if a
            channel has a single value.

    Example:
        >>> import numpy as np
        >>> bn = BatchNorm(np.zeros(1), np.ones(1), decay=0.5, eps=0.0)
        >>> y = bn(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1))
        >>> y.data.ravel(), bn.avg_mean
        (array([-1.,  1.]), array([1.]))
    """

    reads_outputs = False

    def __init__(self, mean: Array, var: Array, decay: float, eps: float) -> None:
        self.eps = float(eps)
        self.avg_mean = mean
        self.avg_var = var
        self.decay = float(decay)

    def forward(self, x: Array, gamma: Array, beta: Array) -> Any:
        check_floats(x)
        y, mean, var = kernels(x).batch_norm(x, gamma, beta, self.eps)
        count = x.size // gamma.size
        self.avg_mean = _moving_average(self.avg_mean, mean, self.decay)
        if count > 1:  # a single value has no variance
            self.avg_var = _moving_average(self.avg_var, var * (count / (count - 1)), self.decay)
        return y

    def backward(self, gy: Variable) -> Any:
        x, gamma, _ = self.inputs
        return BatchNormGrad(self.eps)(x, gamma, gy)


def _moving_average(average: Array, value: Array, decay: float) -> Array:
    k = kernels(average)
    return k.add(k.mul(average, decay), k.mul(value, 1 - decay)).astype(average.dtype, copy=False)


class BatchNormGrad(Function):
    """Gradients of BatchNorm with respect to x, gamma and beta.

    Example:
        >>> import numpy as np
        >>> x, gamma, gy = np.array([[1.0], [3.0]]), np.ones(1), np.array([[1.0], [2.0]])
        >>> gx, ggamma, gbeta = BatchNormGrad(eps=0.0)(x, gamma, gy)
        >>> ggamma, gbeta
        (variable([1.]), variable([3.]))
    """

    reads_outputs = False

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def forward(self, x: Array, gamma: Array, gy: Array) -> Any:
        gx, ggamma, gbeta = kernels(x).batch_norm_grad(x, gamma, gy, self.eps)
        return gx, ggamma.astype(gamma.dtype, copy=False), gbeta.astype(gamma.dtype, copy=False)

    def backward(self, *ggs: Variable) -> Any:
        def gradients(x: Variable, gamma: Variable, gy: Variable) -> list[Variable]:
            y = _normalized(x, gamma, self.eps)
            return [*grad(y, [x, gamma], gy, create_graph=True), gy.sum(axis=(0, *range(2, x.ndim)))]

        return second_gradients(gradients, self.inputs, ggs)


class ScaleChannels(Function):
    """(x - mean) * scale + shift, of each channel of x (N, C, ...).

    Args:
        mean: array of shape (C,).

    Example:
        >>> import numpy as np
        >>> x, two = np.array([[1.0, 3.0]]), np.array([2.0, 2.0])
        >>> ScaleChannels(np.array([1.0, 2.0]))(x, two, np.zeros(2))
        variable([[0. 2.]])
    """

    reads_outputs = False

    def __init__(self, mean: Array) -> None:
        self.mean = mean

    def forward(self, x: Array, scale: Array, shift: Array) -> Any:
        return kernels(x).scale_channels(x, self.mean, scale, shift)

    def backward(self, gy: Variable) -> Any:
        x, scale, _ = self.inputs
        axes = (0, *range(2, x.ndim))
        gx = gscale = None
        if self.needs_input_grad[0]:
            zeros = get_array_module(self.mean).zeros_like(self.mean)
            gx = ScaleChannels(zeros)(gy, scale, zeros)
        if self.needs_input_grad[1]:
            mean = self.mean.reshape(1, -1, *[1] * (x.ndim - 2))
            gscale = sum((x - mean) * gy, axes)
        return gx, gscale, sum(gy, axes) if self.needs_input_grad[2] else None


def _normalized(x: Variable, gamma: Variable, eps: float) -> Variable:
    """gamma * (x - mean) / sqrt(var + eps) with the statistics of the batch, composed of other Functions."""
    axes = (0, *range(2, x.ndim))
    m = mean(x, axes, keepdims=True)
    v = mean((x - m) ** 2, axes, keepdims=True)
    return mul(x - m, reshape(gamma, m.shape) / sqrt(v + eps))


def batch_norm(
    x: Any, gamma: Any, beta: Any, mean: Any, var: Any, decay: float = 0.9, eps: float = 2e-5
) -> Variable:
    """Normalize each channel to mean 0 and variance 1, then scale by gamma and shift by beta.

    In training it uses the statistics of the batch, over all axes but the channels; in `test_mode()` it uses
    `mean` and `var`. They are not modified: the layer BatchNorm updates its running statistics by the
    Function BatchNorm.

    Args:
        x: Variable or array of shape (N, C, ...).
        gamma, beta: scale and shift, of shape (C,).
        mean, var: running statistics, of shape (C,).
        decay: weight of the old running statistics in an update, from 0 to 1.
        eps: added to the variance to avoid division by zero, at least 0.

    Raises:
        TypeError: x is not floating point, another array is complex, or `eps` or `decay` is not a number.
        ValueError: the shapes do not match, `eps` or `decay` is out of range, or the batch is empty in
            training.

    Source: Ioffe, Szegedy 2015.

    Example:
        >>> import numpy as np
        >>> ones, zeros = np.ones(1), np.zeros(1)
        >>> batch_norm(np.array([[1.0], [3.0]]), ones, zeros, zeros, ones).data.round(3)
        array([[-1.],
               [ 1.]])
    """
    x = as_input(x, "x")
    check_axes(x.shape, "(N, C, ...)")
    check_floats(x)
    given = {"gamma": gamma, "beta": beta, "mean": mean, "var": var}
    gamma, beta, mean, var = (as_floats(v, x.dtype, name) for name, v in given.items())
    for name, v in zip(given, (gamma, beta, mean, var), strict=True):
        if v.shape != (x.shape[1],):
            raise ValueError(f"{name} must have shape ({x.shape[1]},), the channels of x; got {v.shape}")
    eps = float(within(0, eps, math.inf, "eps"))  # a NumPy number would make float64 of float32
    fraction(decay, "decay")
    if not Config.train:
        wide = np.promote_types(x.dtype, np.float32)  # float16 may be too narrow for the variance
        m, v = (s.data.astype(wide, copy=False) for s in (mean, var))
        y = ScaleChannels(m)(x, mul(gamma, 1 / get_array_module(v).sqrt(v + eps)), beta)
        return y if y.dtype == x.dtype else cast(y, x.dtype)
    if x.size == 0:
        raise ValueError(f"x must have at least one element in training; got shape {x.shape}")
    return BatchNorm(mean.data, var.data, decay, eps)(x, gamma, beta)


batch_nrom = batch_norm  # the spelling in DeZero
