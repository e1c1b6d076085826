"""BatchNorm, Dropout and Dropout2d: layers that behave differently in training and in inference."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .. import functions as F
from .._arguments import at_least, fraction, within
from ..autograd import Parameter, Variable
from ..config import Config
from ._arguments import channels, float_dtype, shape_of
from .base import Layer


class BatchNorm(Layer):
    """Batch normalization: normalize each channel to mean 0 and variance 1, then scale and shift it.

    In training it uses the statistics of the batch and updates the running statistics:
    `avg = decay * avg + (1 - decay) * batch`, with the unbiased variance. In `test_mode()` it uses the
    running statistics. A channel with a single value, in a batch of one vector, gives beta in training, and
    leaves `avg_var` as it is. Ioffe, Szegedy, "Batch Normalization" (2015).

    Args:
        in_size: number of channels, the length of axis 1; None infers it from the first input.
        decay: weight of the old running statistics, from 0 to 1.
        eps: added to the variance to avoid division by zero, at least 0.
        dtype: float16, float32 or float64.

    Attributes:
        avg_mean, avg_var: running statistics, initialized to zeros and ones. They are Parameters, so that
            they are saved with the weights, but they have no gradient and optimizers do not change them.
        gamma, beta: Parameters of shape (in_size,), initialized to ones and zeros.

    Raises:
        TypeError: `in_size` is not an integer, `decay` or `eps` is not a number, or `dtype` is not supported.
        ValueError: an argument is out of range; when called, the input does not have in_size channels, or is
            empty in training.

    Example:
        >>> x = np.array([[1.0], [3.0]], dtype=np.float32)
        >>> bn = BatchNorm()
        >>> bn(x).data.round(3)
        array([[-1.],
               [ 1.]], dtype=float32)
        >>> bn.avg_mean, bn.avg_var  # 0.9 * 0 + 0.1 * 2, 0.9 * 1 + 0.1 * 2
        (variable([0.2]), variable([1.1]))
    """

    _statistics: ClassVar[tuple[str, ...]] = ("avg_mean", "avg_var")

    def __init__(
        self, in_size: int | None = None, *, decay: float = 0.9, eps: float = 2e-5, dtype: Any = np.float32
    ) -> None:
        self.decay = fraction(decay, "decay")
        self.eps = within(0, eps, math.inf, "eps")
        dtype = float_dtype(dtype)
        self.avg_mean, self.avg_var, self.gamma, self.beta = (
            Parameter(None, name, lazy_shape=(None,), lazy_dtype=dtype)
            for name in ("avg_mean", "avg_var", "gamma", "beta")
        )
        self.avg_mean.requires_grad = self.avg_var.requires_grad = False
        if in_size is not None:
            self._init_params(at_least(1, in_size, "in_size"))

    @property
    def in_size(self) -> int | None:
        """Number of channels; None until known."""
        return None if self.gamma.data is None else self.gamma.shape[0]

    def _init_params(self, in_size: int) -> None:
        # gamma last, at which `forward` looks
        for param, value in ((self.avg_mean, 0), (self.avg_var, 1), (self.beta, 0), (self.gamma, 1)):
            param.data = np.full(in_size, value, param.lazy_dtype)

    def forward(self, x: Any) -> Variable:
        """Normalize x of shape (N, C, ...); in training, update the running statistics."""
        in_size = channels(x, self)
        if in_size != (self.in_size or in_size) or (Config.train and 0 in shape_of(x)):
            raise ValueError(
                f"BatchNorm(in_size={self.in_size}) needs an input with in_size channels along axis 1, and "
                f"in training at least one element; got shape {shape_of(x)}"
            )
        if self.in_size is None:
            self._init_for(x, at_least(1, in_size, "in_size"))
        mean, var = self.avg_mean.data, self.avg_var.data
        if not Config.train:
            return F.batch_norm(x, self.gamma, self.beta, mean, var, self.decay, self.eps)
        f = F.BatchNorm(mean, var, self.decay, self.eps)
        y = f(x, self.gamma, self.beta)
        self.avg_mean.data, self.avg_var.data = f.avg_mean, f.avg_var
        return y


class Dropout(Layer):
    """`F.dropout` as a layer: in training it sets random elements to 0, in `test_mode()` none.

    Args:
        dropout_ratio: probability that an element is set to 0, at least 0 and below 1.

    Raises:
        TypeError: `dropout_ratio` is not a number.
        ValueError: `dropout_ratio` is not in [0, 1).

    Example:
        >>> from pyconvlite import test_mode
        >>> with test_mode():
        ...     Dropout(0.3)(np.ones(3))
        variable([1. 1. 1.])
    """

    def __init__(self, dropout_ratio: float = 0.5) -> None:
        self.dropout_ratio = within(0, dropout_ratio, 1, "dropout_ratio")

    def forward(self, x: Any) -> Variable:
        """Apply dropout to x in training; return x unchanged in `test_mode()`."""
        return F.dropout(x, self.dropout_ratio)


class Dropout2d(Dropout):
    """`F.dropout2d` as a layer: in training it sets random channels to 0, in `test_mode()` none.

    Args:
        dropout_ratio: probability that a channel is set to 0, at least 0 and below 1.

    Raises: as Dropout.

    Example:
        >>> from pyconvlite import test_mode
        >>> with test_mode():
        ...     Dropout2d(0.3)(np.ones((1, 1, 1, 3)))
        variable([[[[1. 1. 1.]]]])
    """

    def forward(self, x: Any) -> Variable:
        """Apply dropout to x of shape (N, C, H, W) in training; return x unchanged in `test_mode()`."""
        return F.dropout2d(x, self.dropout_ratio)
