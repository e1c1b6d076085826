"""GELU, and the error function."""

from __future__ import annotations

import math
from typing import Any

from .._arguments import one_of
from .._shapes import Array
from ..autograd import Function, Variable
from ..backends import kernels
from .activation import sigmoid
from .arithmetic import mul
from .casts import as_floats
from .math import exp
from .selection import clip


class Erf(Function):
    """Error function."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).erf(x)

    def backward(self, gy: Variable) -> Any:
        z = clip(self.inputs[0], -30, 30)  # beyond, the derivative is 0, and the square may overflow
        return gy * exp(-(z * z)) * (2 / math.sqrt(math.pi))


def erf(x: Any) -> Variable:
    """Error function of x, element-wise: 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x.

    The relative error is that of rounding, also close to 0.

    Source: Abramowitz, Stegun, "Handbook of Mathematical Functions", 7.1.5, where |x| < 1.

    Example:
        >>> import numpy as np
        >>> erf(np.array([0.0, 1.0]))
        variable([0.         0.84270079])
    """
    return Erf()(as_floats(x))


class GELU(Function):
    """Exact Gaussian error linear unit: x times the standard normal CDF at x."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        self.cdf = kernels(x).normal_cdf(x)
        return kernels(x).mul(x, self.cdf)

    def backward(self, gy: Variable) -> Any:
        return GELUGrad(self.cdf)(gy, self.inputs[0])


class GELUGrad(Function):
    """Gradient of GELU: gy times its derivative at x.

    Args:
        cdf: the standard normal CDF at x, an array.

    Example:
        >>> import numpy as np
        >>> GELUGrad(np.array([0.0, 0.5]))(np.array([3.0, 3.0]), np.array([-100.0, 0.0]))
        variable([0.  1.5])
    """

    reads_outputs = False

    def __init__(self, cdf: Array) -> None:
        self.cdf = cdf

    def forward(self, gy: Array, x: Array) -> Any:
        return kernels(x).gelu_grad(gy, x, self.cdf)

    def backward(self, ggx: Variable) -> Any:
        gy, x = self.inputs
        ggy = GELUGrad(self.cdf)(ggx, x) if self.needs_input_grad[0] else None
        if not self.needs_input_grad[1]:
            return ggy, None
        z = clip(x, -40, 40)  # beyond, the density is 0, and the square may overflow
        square = z * z
        return ggy, ggx * gy * (exp(square * -0.5) * ((2 - square) * (1 / math.sqrt(2 * math.pi))))


def gelu(x: Any, approximate: str = "none") -> Variable:
    """Gaussian error linear unit: x times the standard normal CDF at x.

    Args:
        x: Variable or array.
        approximate: "none" for the exact form; "tanh" for x * (1 + tanh(u)) / 2 with
            u = sqrt(2 / pi) * (x + 0.044715 * x ** 3), which GPT-2 and BERT's first code use.

    Raises:
        ValueError: `approximate` is neither "none" nor "tanh".

    Source: Hendrycks, Gimpel 2016.

    Example:
        >>> import numpy as np
        >>> gelu(np.array([-1.0, 0.0, 1.0]))
        variable([-0.15865525  0.          0.84134475])
        >>> gelu(np.array([-1.0, 0.0, 1.0]), approximate="tanh")
        variable([-0.15880801  0.          0.84119199])
    """
    x = as_floats(x)
    if one_of(approximate, "approximate", ("none", "tanh")) == "none":
        return GELU()(x)
    z = clip(x, -30, 30)  # beyond, the sigmoid is 0 or 1, and the cube may overflow
    return mul(x, sigmoid(z * (z * z * 0.044715 + 1) * math.sqrt(8 / math.pi)))  # (1 + tanh(u)) / 2
