"""Activation functions."""

from __future__ import annotations

import math
from typing import Any

from .._arguments import as_axis, number
from .._shapes import Array
from ..autograd import Function, Variable, as_input
from ..backends import get_array_module, kernels
from .arithmetic import mul
from .math import exp
from .reduction import check_elements
from .shape import reshape


class Sigmoid(Function):
    """Logistic function."""

    reads_inputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).sigmoid(x)

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        return gy * y * (1 - y)


def sigmoid(x: Any) -> Variable:
    """1 / (1 + exp(-x)), element-wise.

    Example:
        >>> import numpy as np
        >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
        variable([0.  0.5 1. ])
    """
    return Sigmoid()(x)


def sigmoid_simple(x: Any) -> Variable:
    """`sigmoid` composed of other Functions; it overflows for large negative x (book step 43).

    Example:
        >>> import numpy as np
        >>> sigmoid_simple(np.array([0.0]))
        variable([0.5])
    """
    return 1 / (1 + exp(-as_input(x)))


class ReLU(Function):
    """Rectified linear unit."""

    reads_inputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).relu(x)

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        return ReLUGrad(y.data)(gy)  # y > 0 exactly where x > 0


class ReLUGrad(Function):
    """Gradient of ReLU: gy where x > 0, 0 elsewhere. It is its own adjoint.

    Args:
        x: input or output of the ReLU, an array.

    Example:
        >>> import numpy as np
        >>> ReLUGrad(np.array([-1.0, 2.0]))(np.array([5.0, 7.0]))
        variable([0. 7.])
    """

    reads_inputs = reads_outputs = False

    def __init__(self, x: Array) -> None:
        self.x = x

    def forward(self, gy: Array) -> Any:
        return kernels(gy).relu_grad(gy, self.x)

    def backward(self, ggx: Variable) -> Any:
        return ReLUGrad(self.x)(ggx)


def relu(x: Any) -> Variable:
    """max(x, 0), element-wise; the gradient at 0 is 0.

    Example:
        >>> import numpy as np
        >>> relu(np.array([-1.0, 2.0]))
        variable([0. 2.])
    """
    return ReLU()(x)


class LeakyReLU(Function):
    """Leaky rectified linear unit."""

    reads_inputs = reads_outputs = False

    def __init__(self, slope: float) -> None:
        self.slope = float(slope)

    def forward(self, x: Array) -> Any:
        self.positive = x > 0
        return get_array_module(x).where(self.positive, x, x * self.slope)

    def backward(self, gy: Variable) -> Any:
        slope = get_array_module(gy.data).where(self.positive, 1, self.slope)
        return gy * slope.astype(gy.dtype)


def leaky_relu(x: Any, slope: float = 0.2) -> Variable:
    """x where x > 0, slope * x elsewhere.

    Args:
        x: Variable or array.
        slope: a finite number.

    Raises:
        TypeError: `slope` is not a number.
        ValueError: `slope` is infinite or nan.

    Source: Maas, Hannun, Ng 2013.

    Example:
        >>> import numpy as np
        >>> leaky_relu(np.array([-1.0, 2.0]))
        variable([-0.2  2. ])
    """
    return LeakyReLU(number(slope, "slope"))(x)


def prelu(x: Any, W: Any) -> Variable:
    """x where x > 0, W * x elsewhere; the gradient at 0 is W.

    Args:
        x: Variable or array of shape (N, C, ...).
        W: slopes, one for each channel: shape (C,); or one for all: shape (1,) or ().

    Raises:
        ValueError: W has another shape.

    Source: He, Zhang, Ren, Sun 2015.

    Example:
        >>> import numpy as np
        >>> prelu(np.array([[-1.0, -1.0], [2.0, 2.0]]), np.array([0.5, 0.25]))
        variable([[-0.5  -0.25]
                  [ 2.    2.  ]])
    """
    x, W = as_input(x), as_input(W)
    channels = x.shape[1] if x.ndim > 1 else 1
    if W.shape not in ((), (1,), (channels,)):
        raise ValueError(
            f"W must have shape ({channels},), a slope for each channel of x, or (1,); got {W.shape} for x "
            f"of shape {x.shape}"
        )
    slopes = reshape(W, (-1, *[1] * (x.ndim - 2)) if x.ndim > 1 else ())
    positive = (x.data > 0).astype(x.dtype)
    return mul(x, slopes * (1 - positive) + positive)


class NormalCDF(Function):
    """Cumulative distribution function (CDF) of the standard normal distribution.

    Example:
        >>> import numpy as np
        >>> NormalCDF()(np.array([-100.0, 0.0, 100.0]))
        variable([0.  0.5 1. ])
    """

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).normal_cdf(x)

    def backward(self, gy: Variable) -> Any:
        (x,) = self.inputs
        return gy * exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))


def gelu(x: Any) -> Variable:
    """Gaussian error linear unit: x times the standard normal CDF at x.

    Source: Hendrycks, Gimpel 2016, the exact form without the tanh approximation.

    Example:
        >>> import numpy as np
        >>> gelu(np.array([-1.0, 0.0, 1.0]))
        variable([-0.15865525  0.          0.84134475])
    """
    return mul(x, NormalCDF()(x))


class Softmax(Function):
    """exp(x), normalized to sum 1 along an axis."""

    reads_inputs = False

    def __init__(self, axis: int = 1) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Any:
        y = get_array_module(x).exp(x - x.max(axis=self.axis, keepdims=True))
        return y / y.sum(axis=self.axis, keepdims=True)

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        gx = y * gy
        return gx - y * gx.sum(axis=self.axis, keepdims=True)


def softmax(x: Any, axis: int = 1) -> Variable:
    """exp(x), normalized to sum 1 along `axis`.

    Raises:
        TypeError: `axis` is not an integer.
        ValueError: x does not have this axis, or it has length 0.

    Example:
        >>> import numpy as np
        >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
        variable([[0.5 0.5]
                  [1.  0. ]])
    """
    x = as_input(x)
    axis = as_axis(axis, x.shape)
    check_elements(x, axis, "softmax")
    return Softmax(axis)(x)


def softmax_simple(x: Any, axis: int = 1) -> Variable:
    """`softmax` composed of other Functions; it overflows for large x (book step 42).

    Example:
        >>> import numpy as np
        >>> softmax_simple(np.array([[0.0, 0.0]]))
        variable([[0.5 0.5]])
    """
    y = exp(x)
    return y / y.sum(axis=axis, keepdims=True)


class LogSoftmax(Function):
    """Logarithm of softmax."""

    reads_inputs = False

    def __init__(self, axis: int = 1) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Any:
        xp = get_array_module(x)
        y = x - x.max(axis=self.axis, keepdims=True)
        return y - xp.log(xp.exp(y).sum(axis=self.axis, keepdims=True))

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        return gy - exp(y) * gy.sum(axis=self.axis, keepdims=True)


def log_softmax(x: Any, axis: int = 1) -> Variable:
    """Logarithm of softmax along `axis`, finite even where softmax underflows to 0.

    Raises:
        TypeError, ValueError: as in `softmax`.

    Example:
        >>> import numpy as np
        >>> log_softmax(np.array([[1000.0, 0.0]]))
        variable([[    0. -1000.]])
    """
    x = as_input(x)
    axis = as_axis(axis, x.shape)
    check_elements(x, axis, "log_softmax")
    return LogSoftmax(axis)(x)
