"""Element-wise arithmetic; the operands broadcast."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._shapes import Array, check_broadcast
from ..autograd import Function, Variable
from ..backends import get_array_module, kernels, to_device_of
from .math import log


def operands(x0: Any, x1: Any) -> tuple[Any, Any]:
    """Convert a number to an array as NumPy converts a Python number: float32 * 2.0 stays float32.

    NumPy scalars are treated alike; otherwise a factor `np.sqrt(2)` would turn float32 into float64.
    """
    if not isinstance(x1, Variable) and isinstance(x1, NUMBER):
        dtype = getattr(x0, "dtype", None)
        return x0, x1 if dtype is None else _number_like(x1, dtype)
    if not isinstance(x0, Variable) and isinstance(x0, NUMBER):
        dtype = getattr(x1, "dtype", None)
        return x0 if dtype is None else _number_like(x0, dtype), x1
    return x0, x1


NUMBER = (int, float, complex, np.generic)


def _number_like(number: Any, dtype: Any) -> Any:
    if isinstance(number, np.generic):
        number = number.item()
    if dtype.kind == "f" and not isinstance(number, complex):  # what np.result_type returns, but faster
        return np.array(number, dtype)
    return np.asarray(number, np.result_type(dtype, number))


class Binary(Function):
    """An element-wise operation of two operands, one of which may be a number.

    Example:
        >>> Add()(np.array([1.0], np.float32), 2.0).dtype
        dtype('float32')
    """

    broadcasts = True

    def _as_variables(self, inputs: tuple[Any, ...]) -> tuple[Variable, ...]:
        return super()._as_variables(operands(*inputs))

    def _check_shapes(self, xs: Sequence[Any], error: Exception) -> None:
        names = inspect.signature(self.forward).parameters
        check_broadcast(**{name: x.shape for name, x in zip(names, xs, strict=True)})


class Add(Binary):
    """Sum of two arrays."""

    reads_inputs = reads_outputs = False

    def forward(self, x0: Array, x1: Array) -> Any:
        return kernels(x0, x1).add(x0, x1)

    def backward(self, gy: Variable) -> Any:
        return gy, gy


def add(x0: Any, x1: Any) -> Variable:
    """x0 + x1 (book steps 11 and 20).

    Args:
        x0, x1: Variables, arrays or numbers; their shapes broadcast.

    Raises:
        TypeError: an operand is none of these.
        ValueError: the shapes do not broadcast.

    Example:
        >>> add(np.array([1.0, 2.0]), 1.0)
        variable([2. 3.])
    """
    return Add()(x0, x1)


class Sub(Binary):
    """Difference of two arrays."""

    reads_inputs = reads_outputs = False

    def forward(self, x0: Array, x1: Array) -> Any:
        return kernels(x0, x1).sub(x0, x1)

    def backward(self, gy: Variable) -> Any:
        return gy, -gy if self.needs_input_grad[1] else None


def sub(x0: Any, x1: Any) -> Variable:
    """x0 - x1; operands as in `add` (book step 22).

    Example:
        >>> sub(np.array([1.0, 2.0]), 1.0)
        variable([0. 1.])
    """
    return Sub()(x0, x1)


def rsub(x0: Any, x1: Any) -> Variable:
    """x1 - x0; operands as in `add` (book step 22).

    Example:
        >>> rsub(np.array([1.0, 2.0]), 1.0)
        variable([ 0. -1.])
    """
    return sub(x1, x0)


class Mul(Binary):
    """Product of two arrays."""

    reads_outputs = False

    def forward(self, x0: Array, x1: Array) -> Any:
        return kernels(x0, x1).mul(x0, x1)

    def backward(self, gy: Variable) -> Any:
        x0, x1 = self.inputs
        needs0, needs1 = self.needs_input_grad
        return gy * x1 if needs0 else None, gy * x0 if needs1 else None


def mul(x0: Any, x1: Any) -> Variable:
    """x0 * x1; operands as in `add` (book step 20).

    Example:
        >>> mul(np.array([1.0, 2.0]), 3.0)
        variable([3. 6.])
    """
    return Mul()(x0, x1)


class Div(Binary):
    """Quotient of two arrays."""

    reads_outputs = False

    def forward(self, x0: Array, x1: Array) -> Any:
        return kernels(x0, x1).div(x0, x1)

    def backward(self, gy: Variable) -> Any:
        x0, x1 = self.inputs
        share = gy / x1
        # Not share * x0 / x1 or / x1 ** 2, which may overflow.
        return share, -share * (x0 / x1) if self.needs_input_grad[1] else None


def div(x0: Any, x1: Any) -> Variable:
    """x0 / x1; operands as in `add` (book step 22).

    Example:
        >>> div(np.array([1.0, 2.0]), 2.0)
        variable([0.5 1. ])
    """
    return Div()(x0, x1)


def rdiv(x0: Any, x1: Any) -> Variable:
    """x1 / x0; operands as in `add` (book step 22).

    Example:
        >>> rdiv(np.array([1.0, 2.0]), 2.0)
        variable([2. 1.])
    """
    return div(x1, x0)


class Neg(Function):
    """Negative of an array."""

    reads_inputs = reads_outputs = False

    def forward(self, x: Array) -> Any:
        return kernels(x).neg(x)

    def backward(self, gy: Variable) -> Any:
        return -gy


def neg(x: Any) -> Variable:
    """-x (book step 22).

    Example:
        >>> neg(np.array([1.0, -2.0]))
        variable([-1.  2.])
    """
    return Neg()(x)


class Pow(Function):
    """Power with a constant exponent."""

    reads_outputs = False

    def __init__(self, c: float) -> None:
        # An np.float64 exponent would turn a float32 base into float64.
        self.c = c.item() if isinstance(c, np.generic) else c

    def forward(self, x: Array) -> Any:
        return kernels(x).pow(x, self.c)

    def backward(self, gy: Variable) -> Any:
        (x,) = self.inputs
        if self.c == 0:  # the derivative is 0; the formula below gives 0 * 0 ** -1 = NaN at 0
            return gy * 0
        return gy * (self.c * x ** (self.c - 1))


class PowVariable(Binary):
    """Power with an array exponent."""

    reads_outputs = False

    def forward(self, x: Array, c: Array) -> Any:
        return kernels(x, c).pow(x, c)

    def backward(self, gy: Variable) -> Any:
        x, c = self.inputs
        # Numbers are on the CPU, perhaps as float64, which no device has.
        base, exponent = (v.data if v.ndim else to_device_of(gy, v.data.astype(gy.dtype)) for v in (x, c))
        xp = get_array_module(base)
        gx = None
        if self.needs_input_grad[0]:
            # The derivative of x ** 0 is 0; the formula gives 0 * 0 ** -1 = NaN, and 0 - 1 may wrap around.
            is_zero = xp.where(exponent == 0, 1, 0)
            gx = gy * c * x ** (c - (1 - is_zero).astype(exponent.dtype))
            if c.requires_grad:  # the missing x ** -1 belongs to the derivative with respect to c
                gx = gx / x ** xp.where(base == 0, 0, is_zero).astype(exponent.dtype)
        gc = None
        if self.needs_input_grad[1]:
            # 0 ** c is constant where c is not negative; the formula gives 0 * log(0) = NaN.
            is_constant = xp.where(base == 0, xp.where(exponent >= 0, 1, 0), 0)
            gc = gy * x**c * log(x + is_constant.astype(base.dtype))
        return gx, gc


def pow(x: Any, c: Any) -> Variable:
    """x ** c (book step 22).

    Args:
        x: the base, a Variable, array or number.
        c: the exponent, a number, or a Variable or array that broadcasts with x; its gradient requires x that
            is not negative.

    Raises:
        ValueError: the shapes do not broadcast.

    Example:
        >>> pow(np.array([1.0, 3.0]), 2)
        variable([1. 9.])
    """
    if isinstance(c, NUMBER):
        return Pow(c)(x)  # type: ignore[arg-type]
    return PowVariable()(x, c)
