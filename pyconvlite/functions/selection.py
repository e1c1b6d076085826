"""Selection between two arrays, element by element: where, maximum, minimum, clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._shapes import Array, check_broadcast
from ..autograd import Function, Variable, as_input
from ..backends import kernels, to_device_of
from .arithmetic import NUMBER, Binary, operands


class Where(Function):
    """Elements of one of two arrays."""

    reads_inputs = reads_outputs = False
    broadcasts = True

    def __init__(self, condition: Array) -> None:
        self.condition = condition

    def forward(self, x0: Array, x1: Array) -> Any:
        return kernels(self.condition).where(self.condition, x0, x1)

    def _check_shapes(self, xs: Sequence[Any], error: Exception) -> None:
        check_broadcast(condition=self.condition.shape, x0=xs[0].shape, x1=xs[1].shape)

    def backward(self, gy: Variable) -> Any:
        gx0 = where(self.condition, gy, 0) if self.needs_input_grad[0] else None
        gx1 = where(self.condition, 0, gy) if self.needs_input_grad[1] else None
        return gx0, gx1


def where(condition: Any, x0: Any, x1: Any) -> Variable:
    """x0 where the condition holds, x1 elsewhere; the gradient of an element that is not selected is 0.

    A function that is not differentiable there may still turn this 0 into nan, such as the logarithm of 0 in
    `where(x > 0, log(x), 0)`: write `where(x > 0, log(where(x > 0, x, 1)), 0)`.

    Args:
        condition: array or Variable, of bools or of numbers, of which all but 0 hold; it gets no gradient.
        x0, x1: Variables, arrays or numbers; the three shapes broadcast.

    Raises:
        TypeError: one of the three is None.
        ValueError: the shapes do not broadcast.

    Example:
        >>> import numpy as np
        >>> x = np.array([-1.0, 2.0])
        >>> where(x > 0, x, 0.0)
        variable([0. 2.])
    """
    condition = as_input(condition, "condition").data
    x0, x1 = operands(x0, x1)
    x0, x1 = as_input(x0, "x0"), as_input(x1, "x1")
    return Where(to_device_of(x1, to_device_of(x0, condition)))(x0, x1)


class Maximum(Binary):
    """Element-wise maximum."""

    reads_outputs = False

    def forward(self, x0: Array, x1: Array) -> Any:
        return kernels(x0, x1).maximum(x0, x1)

    def backward(self, gy: Variable) -> Any:
        x0, x1 = self.inputs
        a: Array = x0.data
        b: Array = x1.data
        lost = self._precedes(a, b)
        tie = kernels(a, b).equal(a, b)
        half = gy * 0.5
        gx0 = where(tie, half, where(lost, 0, gy)) if self.needs_input_grad[0] else None
        lost = self._precedes(b, a)
        gx1 = where(tie, half, where(lost, 0, gy)) if self.needs_input_grad[1] else None
        return gx0, gx1

    @staticmethod
    def _precedes(a: Array, b: Array) -> Any:
        return kernels(a, b).less(a, b)


class Minimum(Maximum):
    """Element-wise minimum."""

    def forward(self, x0: Array, x1: Array) -> Any:
        return kernels(x0, x1).minimum(x0, x1)

    @staticmethod
    def _precedes(a: Array, b: Array) -> Any:
        return kernels(a, b).greater(a, b)


def maximum(x0: Any, x1: Any) -> Variable:
    """The greater of x0 and x1, element-wise; nan if one of them is nan.

    Where they are equal, each gets half of the gradient.

    Args:
        x0, x1: Variables, arrays or numbers; their shapes broadcast.

    Raises:
        ValueError: the shapes do not broadcast.

    Example:
        >>> import numpy as np
        >>> maximum(np.array([-1.0, 2.0]), 0)
        variable([0. 2.])
    """
    return Maximum()(x0, x1)


def minimum(x0: Any, x1: Any) -> Variable:
    """The smaller of x0 and x1, element-wise; otherwise as `maximum`.

    Example:
        >>> import numpy as np
        >>> minimum(np.array([-1.0, 2.0]), 0)
        variable([-1.  0.])
    """
    return Minimum()(x0, x1)


class Clip(Function):
    """Clipping to a range."""

    reads_outputs = False

    def __init__(self, x_min: float | None, x_max: float | None) -> None:
        # Python numbers do not change the dtype of the result.
        self.x_min = x_min.item() if isinstance(x_min, np.generic) else x_min
        self.x_max = x_max.item() if isinstance(x_max, np.generic) else x_max

    def forward(self, x: Array) -> Any:
        if self.x_min is None and self.x_max is None:
            return x.copy()
        y = x if self.x_min is None else kernels(x).maximum(x, self.x_min)
        return y if self.x_max is None else kernels(x).minimum(y, self.x_max)

    def backward(self, gy: Variable) -> Any:
        x: Array = self.inputs[0].data
        if self.x_min is not None:
            gy = where(kernels(x).greater_equal(x, self.x_min), gy, 0)
        if self.x_max is not None:
            gy = where(kernels(x).less_equal(x, self.x_max), gy, 0)
        return gy


def clip(x: Any, x_min: float | None, x_max: float | None) -> Variable:
    """Clip x to [x_min, x_max]; the gradient is 0 where x is outside of it (book step 47).

    Args:
        x: Variable or array.
        x_min, x_max: numbers; None for no limit.

    Raises:
        TypeError: `x_min` or `x_max` is not a number.
        ValueError: `x_min` is greater than `x_max`.

    Example:
        >>> import numpy as np
        >>> clip(np.array([-2.0, 0.5, 2.0]), -1, 1)
        variable([-1.   0.5  1. ])
    """
    for name, limit in (("x_min", x_min), ("x_max", x_max)):
        if not (limit is None or isinstance(limit, NUMBER)):
            raise TypeError(
                f"{name} must be a number or None; got {type(limit).__name__}: for limits that are arrays or "
                "Variables use maximum(x, x_min) and minimum(x, x_max)"
            )
    if x_min is not None and x_max is not None and x_min > x_max:
        raise ValueError(f"x_min must not be greater than x_max; got {x_min} and {x_max}")
    return Clip(x_min, x_max)(x)
