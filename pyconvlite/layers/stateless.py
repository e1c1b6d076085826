"""Functions as layers without Parameters, for Sequential and `summary`: activations, Flatten."""

from __future__ import annotations

from typing import Any

from .. import functions as F
from .._arguments import integer, number, one_of
from ..autograd import Variable
from .base import Layer


class ReLU(Layer):
    """`F.relu` as a layer: max(x, 0).

    Example:
        >>> import numpy as np
        >>> ReLU()(np.array([-1.0, 2.0]))
        variable([0. 2.])
    """

    def forward(self, x: Any) -> Variable:
        """Apply the function element-wise."""
        return F.relu(x)


class LeakyReLU(Layer):
    """`F.leaky_relu` as a layer: x where x > 0, `slope * x` elsewhere.

    Args:
        slope: a finite number.

    Raises:
        TypeError: `slope` is not a number.
        ValueError: `slope` is infinite or nan.

    Example:
        >>> import numpy as np
        >>> LeakyReLU(0.5)(np.array([-1.0, 2.0]))
        variable([-0.5  2. ])
    """

    def __init__(self, slope: float = 0.2) -> None:
        self.slope = number(slope, "slope")

    def forward(self, x: Any) -> Variable:
        """Apply the function element-wise."""
        return F.leaky_relu(x, self.slope)


class Sigmoid(Layer):
    """`F.sigmoid` as a layer: 1 / (1 + exp(-x)).

    Example:
        >>> import numpy as np
        >>> Sigmoid()(np.array([0.0]))
        variable([0.5])
    """

    def forward(self, x: Any) -> Variable:
        """Apply the function element-wise."""
        return F.sigmoid(x)


class Tanh(Layer):
    """`F.tanh` as a layer.

    Example:
        >>> import numpy as np
        >>> Tanh()(np.array([0.0]))
        variable([0.])
    """

    def forward(self, x: Any) -> Variable:
        """Apply the function element-wise."""
        return F.tanh(x)


class GELU(Layer):
    """`F.gelu` as a layer: x times the standard normal CDF at x.

    Args:
        approximate: "none", or "tanh" for the approximation by tanh.

    Raises:
        ValueError: `approximate` is neither.

    Example:
        >>> import numpy as np
        >>> GELU()(np.array([-100.0, 0.0, 100.0]))
        variable([ -0.   0. 100.])
    """

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = one_of(approximate, "approximate", ("none", "tanh"))

    def forward(self, x: Any) -> Variable:
        """Apply the function element-wise."""
        return F.gelu(x, self.approximate)


class Softmax(Layer):
    """`F.softmax` as a layer: exp(x), normalized to sum 1 along an axis.

    Args:
        axis: axis along which the output sums to 1.

    Raises:
        TypeError: `axis` is not an integer.
        ValueError: when called, `axis` is out of bounds for the input.

    Example:
        >>> import numpy as np
        >>> Softmax()(np.array([[0.0, 0.0]]))
        variable([[0.5 0.5]])
    """

    def __init__(self, axis: int = 1) -> None:
        self.axis = integer(axis, "axis")

    def forward(self, x: Any) -> Variable:
        """Apply the function along the axis."""
        return F.softmax(x, self.axis)


class LogSoftmax(Layer):
    """`F.log_softmax` as a layer: the logarithm of softmax, finite even where softmax underflows to 0.

    Args:
        axis: as in Softmax.

    Raises:
        TypeError, ValueError: as in Softmax.

    Example:
        >>> import numpy as np
        >>> LogSoftmax()(np.array([[1000.0, 0.0]]))
        variable([[    0. -1000.]])
    """

    def __init__(self, axis: int = 1) -> None:
        self.axis = integer(axis, "axis")

    def forward(self, x: Any) -> Variable:
        """Apply the function along the axis."""
        return F.log_softmax(x, self.axis)


class Flatten(Layer):
    """`F.flatten` as a layer: (N, ...) to (N, features).

    Example:
        >>> import numpy as np
        >>> Flatten()(np.zeros((2, 3, 4))).shape
        (2, 12)
    """

    def forward(self, x: Any) -> Variable:
        """Merge all axes but the first."""
        return F.flatten(x)
