"""Selection between two arrays, element by element: where, maximum, minimum."""

from __future__ import annotations

from typing import Any

from .._shapes import Array
from ..autograd import Function, Variable, as_input
from ..backends import kernels, on_device, to_device_of
from .arithmetic import Binary, operands


class Where(Function):
    """Elements of one of two arrays."""

    reads_inputs = reads_outputs = False
    broadcasts = True

    def __init__(self, condition: Array) -> None:
        self.condition = condition

    def forward(self, x0: Array, x1: Array) -> Any:
        return kernels(self.condition).where(self.condition, x0, x1)

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
        ValueError: the shapes do not broadcast.

    Example:
        >>> import numpy as np
        >>> x = np.array([-1.0, 2.0])
        >>> where(x > 0, x, 0.0)
        variable([0. 2.])
    """
    x0, x1 = operands(x0, x1)
    condition = as_input(condition).data
    return Where(to_device_of(x0 if on_device(x0) else x1, condition))(x0, x1)


class Maximum(Binary):
    """Greater of two elements."""

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
    """Smaller of two elements."""

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
