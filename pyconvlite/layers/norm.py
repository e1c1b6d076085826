"""BatchNorm and Dropout: layers that behave in training otherwise than in use."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as F
from .._arguments import above_zero, at_least, within
from ..autograd import Parameter, Variable
from ..backends import to_device_of
from ..config import Config
from ._arguments import channels, float_dtype
from .base import Layer


class BatchNorm(Layer):
    """Batch normalization: each channel brought to mean 0 and variance 1, then scaled and shifted.

    In training the statistics are those of the batch, and the running ones follow them:
    `avg = decay * avg + (1 - decay) * batch's`, with the unbiased variance. In `test_mode()` the running
    statistics take their place. Ioffe, Szegedy, "Batch Normalization" (2015).

    Args:
        in_size: channels, along axis 1; None reads them from the first input.
        decay: part of the running statistics that stays, at least 0 and below 1.
        eps: added to the variance, so that a constant channel divides by no zero; above 0.
        dtype: float16, float32 or float64.

    Attributes:
        avg_mean, avg_var: running statistics, zeros and ones at first. They are Parameters, so that they are
            saved with the weights, but no gradient reaches them and no optimizer changes them.
        gamma, beta: Parameters (in_size,), ones and zeros at first.

    Raises:
        TypeError: in_size is no integer, decay or eps no number, or an unknown dtype.
        ValueError: an argument out of its range; when called, other channels than in_size.

    Example:
        >>> x = np.array([[1.0], [3.0]], dtype=np.float32)
        >>> bn = BatchNorm()
        >>> bn(x).data.round(3)
        array([[-1.],
               [ 1.]], dtype=float32)
        >>> bn.avg_mean, bn.avg_var  # 0.9 * 0 + 0.1 * 2, 0.9 * 1 + 0.1 * 2
        (variable([0.2]), variable([1.1]))
    """

    def __init__(
        self,
        in_size: int | None = None,
        *,
        decay: float = 0.9,
        eps: float = 2e-5,
        dtype: Any = np.float32,
    ) -> None:
        self.decay = within(0, decay, 1, "decay")
        self.eps = above_zero(eps, "eps")
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
        """Channels; None until known."""
        return None if self.gamma.data is None else self.gamma.shape[0]

    def _init_params(self, in_size: int) -> None:
        for param, value in ((self.avg_mean, 0), (self.avg_var, 1), (self.gamma, 1), (self.beta, 0)):
            param.data = np.full(in_size, value, param.lazy_dtype)

    def forward(self, x: Any) -> Variable:
        """Normalize x, (N, C) or (N, C, H, W); in training, take its statistics in."""
        in_size = channels(x, self)
        if in_size != (self.in_size or in_size) or (Config.train and np.size(x) == 0):
            raise ValueError(
                f"BatchNorm(in_size={self.in_size}) needs that many channels along axis 1, and in training "
                f"at least one element; got an input of shape {np.shape(x)}"
            )
        if self.in_size is None:
            self._init_params(at_least(1, in_size, "in_size"))
            for param in (self.avg_mean, self.avg_var, self.gamma, self.beta):
                param.data = to_device_of(x, param.data)
        mean, var = self.avg_mean.data, self.avg_var.data
        if not Config.train:
            return F.batch_norm(x, self.gamma, self.beta, mean, var, self.decay, self.eps)
        f = F.BatchNorm(mean, var, self.decay, self.eps)
        y = f(x, self.gamma, self.beta)
        self.avg_mean.data, self.avg_var.data = f.avg_mean, f.avg_var
        return y

    def __repr__(self) -> str:
        return f"BatchNorm(in_size={self.in_size}, decay={self.decay}, eps={self.eps})"


class Dropout(Layer):
    """`F.dropout` as a layer: in training some elements are set to 0, in `test_mode()` none.

    Args:
        dropout_ratio: probability with which an element is set to 0, at least 0 and below 1.

    Raises:
        TypeError: a ratio that is no number.
        ValueError: a ratio out of its range.

    Example:
        >>> from pyconvlite import test_mode
        >>> with test_mode():
        ...     Dropout(0.3)(np.ones(3))
        variable([1. 1. 1.])
    """

    def __init__(self, dropout_ratio: float = 0.5) -> None:
        self.dropout_ratio = within(0, dropout_ratio, 1, "dropout_ratio")

    def forward(self, x: Any) -> Variable:
        """Drop elements of x, or give it back."""
        return F.dropout(x, self.dropout_ratio)

    def __repr__(self) -> str:
        return f"Dropout(dropout_ratio={self.dropout_ratio})"
