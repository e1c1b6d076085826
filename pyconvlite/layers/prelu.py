"""PReLU, an activation with Parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as F
from .._arguments import at_least, number
from ..autograd import Parameter, Variable
from ._arguments import float_dtype
from .base import Layer


class PReLU(Layer):
    """`F.prelu` as a layer: x where x > 0, `W * x` elsewhere, with trainable slopes W.

    Args:
        num_parameters: 1, one slope for all channels; or the number of channels, one for each.
        init: initial value of the slopes, a finite number.
        dtype: float16, float32 or float64.

    Attributes:
        W: Parameter of shape (num_parameters,).

    Raises:
        TypeError: `num_parameters` is not an integer, `init` not a number, or `dtype` is not supported.
        ValueError: `num_parameters` is below 1, or `init` is infinite or nan; when called, the input has
            a different number of channels.

    Source: He, Zhang, Ren, Sun 2015.

    Example:
        >>> PReLU()(np.array([[-1.0, 2.0]], dtype=np.float32))
        variable([[-0.25  2.  ]])
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = np.float32) -> None:
        size = at_least(1, num_parameters, "num_parameters")
        self.W = Parameter(np.full(size, number(init, "init"), float_dtype(dtype)), "W")

    def forward(self, x: Any) -> Variable:
        """Apply the function to x of shape (N, C, ...)."""
        return F.prelu(x, self.W)

    def __repr__(self) -> str:
        return f"PReLU(num_parameters={self.W.shape[0]})"
