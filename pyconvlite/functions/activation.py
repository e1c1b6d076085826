"""Activation functions."""

from __future__ import annotations

from typing import Any

from .._arguments import above_zero, number
from .._shapes import Array
from ..autograd import Function, Variable, as_input
from ..backends import kernels
from .arithmetic import mul, operands
from .casts import as_floats
from .math import exp
from .selection import clip, where
from .shape import reshape


class Sigmoid(Function):
    """Logistic function."""

    reads_inputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).sigmoid(x)

    def backward(self, gy: Variable) -> Any:
        return SigmoidGrad()(gy, self.outputs[0]())


class SigmoidGrad(Function):
    """Gradient of Sigmoid: gy * y * (1 - y) for an output y.

    Example:
        >>> import numpy as np
        >>> SigmoidGrad()(np.array([4.0, 8.0]), np.array([0.5, 0.5]))
        variable([1. 2.])
    """

    reads_outputs = False

    def forward(self, gy: Array, y: Array) -> Any:
        k = kernels(y)
        return k.mul(k.mul(gy, y), k.sub(1.0, y))  # 1 - y is exact where y is close to 1

    def backward(self, ggx: Variable) -> Any:
        gy, y = self.inputs
        ggy = SigmoidGrad()(ggx, y) if self.needs_input_grad[0] else None
        return ggy, ggx * gy * (1 - 2 * y) if self.needs_input_grad[1] else None


def sigmoid(x: Any) -> Variable:
    """1 / (1 + exp(-x)), element-wise (book step 43).

    Example:
        >>> import numpy as np
        >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
        variable([0.  0.5 1. ])
    """
    return Sigmoid()(as_floats(x))


def sigmoid_simple(x: Any) -> Variable:
    """`sigmoid` composed of other Functions; it overflows for large negative x (book step 43).

    Example:
        >>> import numpy as np
        >>> sigmoid_simple(np.array([0.0]))
        variable([0.5])
    """
    return 1 / (1 + exp(-as_floats(x)))


class ReLU(Function):
    """Rectified linear unit."""

    reads_inputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).relu(x)

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        return ReLUGrad(y.data)(gy)  # y <= 0 exactly where x <= 0


class ReLUGrad(Function):
    """Gradient of ReLU: 0 where x <= 0, gy elsewhere. It is its own adjoint.

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
    """max(x, 0), element-wise; the gradient at 0 is 0, and at nan gy, as in PyTorch (book step 51).

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
        k = kernels(x)
        self.positive = k.greater(x, 0)
        sloped = k.mul(x, self.slope)
        if 0 < self.slope <= 1:  # a maximum is faster than a choice
            return k.maximum(x, sloped)
        return k.where(self.positive, x, sloped)

    def backward(self, gy: Variable) -> Any:
        return where(self.positive, gy, gy * self.slope)


def leaky_relu(x: Any, slope: float = 0.2) -> Variable:
    """x where x > 0, slope * x elsewhere; the gradient at 0 is `slope`.

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


class ELU(Function):
    """Exponential linear unit."""

    reads_outputs = False

    def __init__(self, alpha: float) -> None:
        self.alpha = float(alpha)

    def forward(self, x: Array) -> Any:
        k = kernels(x)
        negative = k.expm1(k.minimum(x, 0))
        return k.where(k.greater(x, 0), x, k.mul(negative, self.alpha))

    def backward(self, gy: Variable) -> Any:
        (x,) = self.inputs
        slope = exp(clip(x, None, 0))
        if self.alpha == 1:
            return gy * slope
        data: Array = x.data
        return where(kernels(data).greater(data, 0), gy, gy * (slope * self.alpha))


def elu(x: Any, alpha: float = 1.0) -> Variable:
    """x where x > 0, alpha * (exp(x) - 1) elsewhere; the gradient at 0 is alpha.

    Args:
        x: Variable or array.
        alpha: a finite number.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is infinite or nan.

    Source: Clevert, Unterthiner, Hochreiter 2015.

    Example:
        >>> import numpy as np
        >>> elu(np.array([-1.0, 2.0]))
        variable([-0.63212056  2.        ])
    """
    return ELU(number(alpha, "alpha"))(as_floats(x))


def prelu(x: Any, W: Any) -> Variable:
    """x where x > 0, W * x elsewhere; the gradient at 0 is W.

    Args:
        x: Variable or array of shape (N, C, ...).
        W: slopes, one for each channel: shape (C,); or one for all: shape (1,) or (), or a number.

    Raises:
        ValueError: W has the wrong shape.

    Source: He, Zhang, Ren, Sun 2015.

    Example:
        >>> import numpy as np
        >>> prelu(np.array([[-1.0, -1.0], [2.0, 2.0]]), np.array([0.5, 0.25]))
        variable([[-0.5  -0.25]
                  [ 2.    2.  ]])
    """
    x, W = operands(x, W)
    x, W = as_input(x, "x"), as_input(W, "W")
    channels = x.shape[1] if x.ndim > 1 else 1
    if W.shape not in ((), (1,), (channels,)):
        raise ValueError(
            f"W must have shape ({channels},), a slope for each channel of x, or (1,); got {W.shape} for x "
            f"of shape {x.shape}"
        )
    slopes = reshape(W, (-1, *[1] * (x.ndim - 2)) if x.ndim > 1 else ())
    return sloped(x, slopes)


def sloped(x: Any, slopes: Any) -> Variable:
    """x where x > 0, slopes * x elsewhere, for slopes that broadcast with x.

    Example:
        >>> import numpy as np
        >>> sloped(np.array([-1.0, 2.0]), np.array([0.5, 0.5]))
        variable([-0.5  2. ])
    """
    positive = x > 0
    return where(positive, x, mul(slopes, where(positive, 0, x)))


class HardSigmoid(Function):
    """Piecewise linear sigmoid."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        k = kernels(x)
        return k.mul(k.minimum(k.maximum(k.add(x, 3), 0), 6), 1 / 6)

    def backward(self, gy: Variable) -> Any:
        x: Array = self.inputs[0].data
        k = kernels(x)
        return where(k.less(k.abs(x), 3), gy * (1 / 6), 0)


def hardsigmoid(x: Any) -> Variable:
    """(x + 3) / 6, clipped to [0, 1]; the gradient at both ends, and at nan, is 0, as in PyTorch.

    Source: Howard et al. 2019 (MobileNetV3).

    Example:
        >>> import numpy as np
        >>> hardsigmoid(np.array([-3.0, 0.0, 1.5, 3.0]))
        variable([0.   0.5  0.75 1.  ])
    """
    return HardSigmoid()(as_floats(x))


class HardSwish(Function):
    """x * hardsigmoid(x)."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).hardswish(x)

    def backward(self, gy: Variable) -> Any:
        return HardSwishGrad()(gy, self.inputs[0])


class HardSwishGrad(Function):
    """Gradient of HardSwish: gy times its derivative at x.

    Example:
        >>> import numpy as np
        >>> HardSwishGrad()(np.array([6.0, 6.0]), np.array([0.0, 1.5]))
        variable([3. 6.])
    """

    reads_outputs = False

    def forward(self, gy: Array, x: Array) -> Any:
        return kernels(x).hardswish_grad(gy, x)

    def backward(self, ggx: Variable) -> Any:
        gy, x = self.inputs
        ggy = HardSwishGrad()(ggx, x) if self.needs_input_grad[0] else None
        distance: Array = abs(x.data)
        inside = kernels(distance).less(distance, 3)
        return ggy, ggx * gy * inside * (1 / 3) if self.needs_input_grad[1] else None


def hardswish(x: Any) -> Variable:
    """x * hardsigmoid(x); the gradient is 0 at -3, 1 at 3, and nan at nan.

    Source: Howard et al. 2019 (MobileNetV3).

    Example:
        >>> import numpy as np
        >>> hardswish(np.array([-3.0, 0.0, 1.5, 3.0]))
        variable([-0.     0.     1.125  3.   ])
    """
    return HardSwish()(as_floats(x))


class Softplus(Function):
    """Smooth ReLU."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        k = kernels(x)
        return k.add(k.maximum(x, 0), k.log1p(k.exp(k.neg(k.abs(x)))))

    def backward(self, gy: Variable) -> Any:
        return gy * sigmoid(self.inputs[0])


def softplus(x: Any, beta: float = 1.0) -> Variable:
    """log(1 + exp(beta * x)) / beta, a smooth ReLU, without overflow.

    Args:
        x: Variable or array.
        beta: a number above 0; the greater, the closer to ReLU.

    Raises:
        TypeError: `beta` is not a number.
        ValueError: `beta` is not above 0, or is infinite or nan.

    Source: Dugas et al. 2001.

    Example:
        >>> import numpy as np
        >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
        variable([0.00000000e+00 6.93147181e-01 1.00000000e+03])
    """
    above_zero(beta, "beta")
    x = as_floats(x)
    return Softplus()(x) if beta == 1 else Softplus()(mul(x, beta)) / beta


class SiLU(Function):
    """x * sigmoid(x)."""

    reads_outputs = False

    def forward(self, x: Array) -> Any:
        k = kernels(x)
        self.s = k.sigmoid(x)
        return k.mul(x, self.s)

    def backward(self, gy: Variable) -> Any:
        return SiLUGrad(self.s)(gy, self.inputs[0])


class SiLUGrad(Function):
    """Gradient of SiLU: gy times its derivative at x.

    Args:
        s: sigmoid(x), an array.

    Example:
        >>> import numpy as np
        >>> SiLUGrad(np.array([0.5, 1.0]))(np.array([3.0, 3.0]), np.array([0.0, 100.0]))
        variable([1.5 3. ])
    """

    reads_outputs = False

    def __init__(self, s: Array) -> None:
        self.s = s

    def forward(self, gy: Array, x: Array) -> Any:
        return kernels(x).silu_grad(gy, x, self.s)

    def backward(self, ggx: Variable) -> Any:
        gy, x = self.inputs
        ggy = SiLUGrad(self.s)(ggx, x) if self.needs_input_grad[0] else None
        if not self.needs_input_grad[1]:
            return ggy, None
        s = sigmoid(x)
        return ggy, ggx * gy * (s * (1 - s) * (2 + x * (1 - 2 * s)))


def silu(x: Any) -> Variable:
    """x * sigmoid(x) (sigmoid linear unit, swish).

    Source: Elfwing, Uchibe, Doya 2017.

    Example:
        >>> import numpy as np
        >>> silu(np.array([-1.0, 0.0, 1.0]))
        variable([-0.26894142  0.          0.73105858])
    """
    return SiLU()(as_floats(x))
