"""Activation functions."""

from __future__ import annotations

from typing import Any

from ..backends import get_array_module
from ..core import Function, Variable
from .math import exp


class Sigmoid(Function):
    """Logistic function."""

    def forward(self, x: Any) -> Any:
        # 1 / (1 + exp(-x)), in a form that does not overflow
        return get_array_module(x).tanh(x * 0.5) * 0.5 + 0.5

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        return gy * y * (1 - y)


def sigmoid(x: Any) -> Variable:
    """1 / (1 + exp(-x)), element by element.

    Example:
        >>> import numpy as np
        >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
        variable([0.  0.5 1. ])
    """
    return Sigmoid()(x)


class ReLU(Function):
    """Rectified linear unit."""

    def forward(self, x: Any) -> Any:
        return get_array_module(x).maximum(x, 0)

    def backward(self, gy: Variable) -> Any:
        (x,) = self.inputs
        return gy * (x.data > 0)


def relu(x: Any) -> Variable:
    """max(x, 0), element by element; at 0 the gradient is 0.

    Example:
        >>> import numpy as np
        >>> relu(np.array([-1.0, 2.0]))
        variable([0. 2.])
    """
    return ReLU()(x)


class Softmax(Function):
    """Exponentials scaled to sum 1 along an axis."""

    def __init__(self, axis: int = 1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        y = get_array_module(x).exp(x - x.max(axis=self.axis, keepdims=True))
        return y / y.sum(axis=self.axis, keepdims=True)

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        gx = y * gy
        return gx - y * gx.sum(axis=self.axis, keepdims=True)


def softmax(x: Any, axis: int = 1) -> Variable:
    """exp(x), scaled to sum 1 along `axis`.

    Example:
        >>> import numpy as np
        >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
        variable([[0.5 0.5]
                  [1.  0. ]])
    """
    return Softmax(axis)(x)


class LogSoftmax(Function):
    """Logarithm of softmax."""

    def __init__(self, axis: int = 1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        xp = get_array_module(x)
        y = x - x.max(axis=self.axis, keepdims=True)
        return y - xp.log(xp.exp(y).sum(axis=self.axis, keepdims=True))

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        return gy - exp(y) * gy.sum(axis=self.axis, keepdims=True)


def log_softmax(x: Any, axis: int = 1) -> Variable:
    """Logarithm of softmax along `axis`, also where softmax itself would be 0.

    Example:
        >>> import numpy as np
        >>> log_softmax(np.array([[1000.0, 0.0]]))
        variable([[    0. -1000.]])
    """
    return LogSoftmax(axis)(x)
