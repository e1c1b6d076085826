"""Functions as layers, for Sequential and `summary`: activations, pooling, Flatten. None has Parameters."""

from __future__ import annotations

from typing import Any

from .. import functions as F
from .._arguments import as_axis, number
from .._shapes import IntPair
from ..autograd import Variable
from ._arguments import sizes
from .base import Layer

# ------------------------------------------------------------------------------------------------ activations


class ReLU(Layer):
    """`F.relu` as a layer: max(x, 0).

    Example:
        >>> import numpy as np
        >>> ReLU()(np.array([-1.0, 2.0]))
        variable([0. 2.])
    """

    def forward(self, x: Any) -> Variable:
        """Apply it to each element."""
        return F.relu(x)


class LeakyReLU(Layer):
    """`F.leaky_relu` as a layer: x, and below 0 `slope * x`.

    Args:
        slope: a finite number.

    Raises:
        TypeError: a slope that is no number.
        ValueError: a slope that is infinite or nan.

    Example:
        >>> import numpy as np
        >>> LeakyReLU(0.5)(np.array([-1.0, 2.0]))
        variable([-0.5  2. ])
    """

    def __init__(self, slope: float = 0.2) -> None:
        self.slope = number(slope, "slope")

    def forward(self, x: Any) -> Variable:
        """Apply it to each element."""
        return F.leaky_relu(x, self.slope)


class Sigmoid(Layer):
    """`F.sigmoid` as a layer: 1 / (1 + exp(-x)).

    Example:
        >>> import numpy as np
        >>> Sigmoid()(np.array([0.0]))
        variable([0.5])
    """

    def forward(self, x: Any) -> Variable:
        """Apply it to each element."""
        return F.sigmoid(x)


class Tanh(Layer):
    """`F.tanh` as a layer.

    Example:
        >>> import numpy as np
        >>> Tanh()(np.array([0.0]))
        variable([0.])
    """

    def forward(self, x: Any) -> Variable:
        """Apply it to each element."""
        return F.tanh(x)


class GELU(Layer):
    """`F.gelu` as a layer: x times the probability that a standard normal number is below it.

    Example:
        >>> import numpy as np
        >>> GELU()(np.array([-100.0, 0.0, 100.0]))
        variable([ -0.   0. 100.])
    """

    def forward(self, x: Any) -> Variable:
        """Apply it to each element."""
        return F.gelu(x)


class Softmax(Layer):
    """`F.softmax` as a layer: exponentials scaled to sum 1.

    Args:
        axis: along which they sum to 1.

    Raises:
        TypeError: an axis that is no integer.
        ValueError: when called, an axis that the input does not have.

    Example:
        >>> import numpy as np
        >>> Softmax()(np.array([[0.0, 0.0]]))
        variable([[0.5 0.5]])
    """

    def __init__(self, axis: int = 1) -> None:
        self.axis = as_axis(axis)

    def forward(self, x: Any) -> Variable:
        """Apply it along the axis."""
        return F.softmax(x, self.axis)


class LogSoftmax(Layer):
    """`F.log_softmax` as a layer: the logarithm of Softmax, also where that is 0.

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
        self.axis = as_axis(axis)

    def forward(self, x: Any) -> Variable:
        """Apply it along the axis."""
        return F.log_softmax(x, self.axis)


# ------------------------------------------------------------------------------------------------ images


class _Pool(Layer):
    """What MaxPool and AvgPool share: their arguments."""

    def __init__(self, kernel_size: IntPair, stride: IntPair = 1, pad: IntPair = 0) -> None:
        self.kernel_size = sizes(1, kernel_size, "kernel_size")
        self.stride = sizes(1, stride, "stride")
        self.pad = sizes(0, pad, "pad")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, stride={self.stride}, pad={self.pad})"


class MaxPool(_Pool):
    """`F.pooling` as a layer: the largest pixel of each window.

    Args:
        kernel_size: pixels of the window, an integer or (height, width); so are stride and pad.
        stride: pixels from one window to the next; 1 as in `F.pooling`.
        pad: pixels added at each edge, none of which is ever the largest.

    Raises:
        TypeError: a size that is no integer.
        ValueError: a size out of its range.

    Example:
        >>> import numpy as np
        >>> MaxPool(2, stride=2)(np.arange(16.0).reshape(1, 1, 4, 4))
        variable([[[[ 5.  7.]
                    [13. 15.]]]])
    """

    def forward(self, x: Any) -> Variable:
        """Pool x, (N, C, H, W)."""
        return F.pooling(x, self.kernel_size, self.stride, self.pad)


class AvgPool(_Pool):
    """`F.average_pooling` as a layer: the mean of each window.

    Args:
        kernel_size, stride, pad: as in MaxPool.
        count_include_pad: take the padding's zeros into the mean.

    Raises:
        TypeError: a size that is no integer.
        ValueError: a size out of its range.

    Example:
        >>> import numpy as np
        >>> AvgPool(2, stride=2)(np.arange(16.0).reshape(1, 1, 4, 4))
        variable([[[[ 2.5  4.5]
                    [10.5 12.5]]]])
    """

    def __init__(
        self, kernel_size: IntPair, stride: IntPair = 1, pad: IntPair = 0, *, count_include_pad: bool = True
    ) -> None:
        super().__init__(kernel_size, stride, pad)
        self.count_include_pad = count_include_pad

    def forward(self, x: Any) -> Variable:
        """Pool x, (N, C, H, W)."""
        return F.average_pooling(
            x, self.kernel_size, self.stride, self.pad, count_include_pad=self.count_include_pad
        )


class GlobalAvgPool(Layer):
    """`F.global_average_pooling` as a layer: the mean of each channel, (N, C, H, W) to (N, C, 1, 1).

    Example:
        >>> import numpy as np
        >>> GlobalAvgPool()(np.ones((2, 3, 4, 5))).shape
        (2, 3, 1, 1)
    """

    def forward(self, x: Any) -> Variable:
        """Pool x."""
        return F.global_average_pooling(x)


class Flatten(Layer):
    """`F.flatten` as a layer: (N, ...) to (N, features).

    Example:
        >>> import numpy as np
        >>> Flatten()(np.zeros((2, 3, 4))).shape
        (2, 12)
    """

    def forward(self, x: Any) -> Variable:
        """Make one axis of all but the first."""
        return F.flatten(x)
