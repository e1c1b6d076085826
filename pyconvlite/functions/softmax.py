"""Softmax, its logarithm, and the logarithm of a sum of exponentials."""

from __future__ import annotations

from typing import Any

from .._arguments import as_axis, boolean, one_axis
from .._shapes import Array
from ..autograd import Function, Variable
from ..backends import get_array_module, kernels
from .casts import as_floats
from .math import exp
from .reduction import check_elements
from .shape import squeeze


class Softmax(Function):
    """exp(x), normalized to sum 1 along an axis."""

    reads_inputs = False
    log = False

    def __init__(self, axis: int = 1) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Any:
        return kernels(x).softmax(x, self.axis, self.log)

    def backward(self, gy: Variable) -> Any:
        return SoftmaxGrad(self.axis, self.log)(self.outputs[0](), gy)


class SoftmaxGrad(Function):
    """Gradient of Softmax or LogSoftmax with respect to x, from the output y and its gradient.

    Args:
        axis: their axis.
        log: whether y is the logarithm.

    Example:
        >>> import numpy as np
        >>> SoftmaxGrad(1, log=False)(np.array([[0.25, 0.75]]), np.array([[1.0, 0.0]]))
        variable([[ 0.1875 -0.1875]])
    """

    reads_outputs = False

    def __init__(self, axis: int, log: bool) -> None:
        self.axis = axis
        self.log = log

    def forward(self, y: Array, gy: Array) -> Any:
        return kernels(y).softmax_grad(y, gy, self.axis, self.log)

    def backward(self, ggx: Variable) -> Any:
        y, gy = self.inputs
        if self.log:  # gx = gy - exp(y) * sum of gy
            p, total = exp(y), self._sum(gy)
            return -ggx * p * total, ggx - self._sum(ggx * p)
        # gx = y * (gy - total), with total = sum of y * gy
        across = self._sum(ggx * y)
        return ggx * (gy - self._sum(y * gy)) - gy * across, y * (ggx - across)

    def _sum(self, v: Variable) -> Variable:
        return v.sum(axis=self.axis, keepdims=True)


def softmax(x: Any, axis: int = 1) -> Variable:
    """exp(x), normalized to sum 1 along `axis` (book step 47).

    Args:
        x: Variable or array.
        axis: the axis of the classes, 1 in (N, classes) and (N, classes, H, W).

    Raises:
        TypeError: `axis` is not an integer.
        ValueError: `axis` is out of bounds, or has length 0.

    Example:
        >>> import numpy as np
        >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
        variable([[0.5 0.5]
                  [1.  0. ]])
    """
    return _normalized(Softmax, x, axis, "softmax")


def softmax_simple(x: Any, axis: int = 1) -> Variable:
    """`softmax` composed of other Functions; it overflows for large x (book step 47).

    Example:
        >>> import numpy as np
        >>> softmax_simple(np.array([[0.0, 0.0]]))
        variable([[0.5 0.5]])
    """
    y = exp(x)
    return y / y.sum(axis=axis, keepdims=True)


class LogSoftmax(Softmax):
    """Logarithm of softmax."""

    log = True


def log_softmax(x: Any, axis: int = 1) -> Variable:
    """Logarithm of softmax along `axis`, finite even where softmax underflows to 0.

    Args, Raises: as in `softmax`.

    Example:
        >>> import numpy as np
        >>> log_softmax(np.array([[1000.0, 0.0]]))
        variable([[    0. -1000.]])
    """
    return _normalized(LogSoftmax, x, axis, "log_softmax")


def _normalized(kind: type[Softmax], x: Any, axis: Any, name: str) -> Variable:
    x = as_floats(x)
    axis = one_axis(axis, x.shape)
    check_elements(x, axis, name)
    return kind(axis)(x)


class LogSumExp(Function):
    """Logarithm of the sum of exponentials over axes, which are kept with length 1."""

    reads_outputs = False

    def __init__(self, axis: int | tuple[int, ...] | None = None) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Any:
        k, xp = kernels(x), get_array_module(x)
        most = k.max(x, self.axis, True)
        finite: Array = xp.isfinite(most)
        shift: Array = xp.where(finite, most, 0)
        self.shift = shift
        y = k.exp(k.where(finite, k.sub(x, shift), 0))  # no inf - inf
        logarithm = k.log(k.sum(y, self.axis, True))
        return xp.where(finite, logarithm + most, most)

    def backward(self, gy: Variable) -> Any:
        (x,) = self.inputs
        y = exp(x - self.shift)  # not x minus the output, which rounds off what is small beside the maximum
        total = y.sum(axis=self.axis, keepdims=True)
        return gy * y / (total + (total.data == 0).astype(x.dtype))  # if all x are -inf, 0 instead of 0 / 0


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """log(sum(exp(x))), without overflow; arguments as in `sum`.

    It is -inf if all x are -inf, and the gradient is then 0.

    Raises:
        TypeError, ValueError: as in `sum`, or there are no elements.

    Example:
        >>> import numpy as np
        >>> logsumexp(np.array([[1000.0, 1000.0], [0.0, -np.inf]]), axis=1)
        variable([1000.69314718    0.        ])
    """
    x = as_floats(x)
    axis = as_axis(axis, x.shape)
    check_elements(x, axis, "logsumexp")
    y = LogSumExp(axis)(x)
    return y if boolean(keepdims, "keepdims") else squeeze(y, axis)
