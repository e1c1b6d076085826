"""Element-wise mathematical functions."""

from __future__ import annotations

from typing import Any

from .._shapes import Array
from ..autograd import Function, Variable
from ..backends import kernels
from .casts import as_floats


class Abs(Function):
    """Absolute value."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).abs(x)

    def backward(self, gy: Variable) -> Any:
        x: Array = self.inputs[0].data
        return gy * kernels(x).sign(x)


def abs(x: Any) -> Variable:
    """Absolute value of x, element-wise; the gradient at 0 is 0.

    Example:
        >>> import numpy as np
        >>> abs(np.array([-1.0, 2.0]))
        variable([1. 2.])
    """
    return Abs()(x)


class Exp(Function):
    """Exponential function."""

    reads_inputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).exp(x)

    def backward(self, gy: Variable) -> Any:
        return gy * self.outputs[0]()


def exp(x: Any) -> Variable:
    """e ** x, element-wise (book step 3).

    Example:
        >>> import numpy as np
        >>> exp(np.array([0.0, 1.0]))
        variable([1.         2.71828183])
    """
    return Exp()(as_floats(x))


class Log(Function):
    """Natural logarithm."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).log(x)

    def backward(self, gy: Variable) -> Any:
        return gy / self.inputs[0]


def log(x: Any) -> Variable:
    """Natural logarithm of x, element-wise (book step 47).

    Example:
        >>> import numpy as np
        >>> log(np.array([1.0, 10.0]))
        variable([0.         2.30258509])
    """
    return Log()(as_floats(x))


class Log1p(Function):
    """Natural logarithm of 1 + x."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).log1p(x)

    def backward(self, gy: Variable) -> Any:
        return gy / (1 + self.inputs[0])


def log1p(x: Any) -> Variable:
    """Natural logarithm of 1 + x, element-wise, accurate also where 1 + x rounds to 1.

    Example:
        >>> import numpy as np
        >>> log1p(np.array([0.0, 1e-20]))
        variable([0.e+00 1.e-20])
    """
    return Log1p()(as_floats(x))


class Sqrt(Function):
    """Square root."""

    reads_inputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).sqrt(x)

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        return gy / (2 * y)


def sqrt(x: Any) -> Variable:
    """Square root of x, element-wise.

    Example:
        >>> import numpy as np
        >>> sqrt(np.array([4.0, 9.0]))
        variable([2. 3.])
    """
    return Sqrt()(as_floats(x))


class Sin(Function):
    """Sine."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).sin(x)

    def backward(self, gy: Variable) -> Any:
        return gy * cos(self.inputs[0])


def sin(x: Any) -> Variable:
    """Sine of x in radians, element-wise (book step 27).

    Example:
        >>> import numpy as np
        >>> sin(np.array([0.0, np.pi / 2]))
        variable([0. 1.])
    """
    return Sin()(as_floats(x))


class Cos(Function):
    """Cosine."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).cos(x)

    def backward(self, gy: Variable) -> Any:
        return gy * -sin(self.inputs[0])


def cos(x: Any) -> Variable:
    """Cosine of x in radians, element-wise (book step 34).

    Example:
        >>> import numpy as np
        >>> cos(np.array([0.0, np.pi]))
        variable([ 1. -1.])
    """
    return Cos()(as_floats(x))


class Tanh(Function):
    """Hyperbolic tangent."""

    reads_inputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).tanh(x)

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        return gy * (1 - y * y)


def tanh(x: Any) -> Variable:
    """Hyperbolic tangent of x, element-wise (book step 35).

    Example:
        >>> import numpy as np
        >>> tanh(np.array([0.0, 1.0]))
        variable([0.         0.76159416])
    """
    return Tanh()(as_floats(x))
