"""Conversion to other dtypes, and checks of dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arguments import number_dtype
from .._shapes import Array
from ..autograd import Function, Variable, as_input
from ..backends import float_dtype


class Cast(Function):
    """Copy of an array in another dtype."""

    reads_inputs = reads_outputs = False

    def __init__(self, dtype: Any) -> None:
        self.dtype = number_dtype(dtype)

    def forward(self, x: Array) -> Any:
        return x.astype(self.dtype)

    def backward(self, gy: Variable) -> Any:
        dtype = self.inputs[0].dtype
        if dtype.kind != "f":
            return gy  # as integers it would be rounded to 0
        return cast(gy, dtype) if self.dtype.kind == "f" else None


def cast(x: Any, dtype: Any) -> Variable:
    """Copy of x in another dtype; the gradient has the dtype of x if that is floating point.

    Floats that become integers or bools get no gradient.

    Args:
        x: Variable or array.
        dtype: a NumPy dtype or its name.

    Raises:
        TypeError: `dtype` is not one of numbers or bools.

    Example:
        >>> cast(np.array([1.0, 2.0]), np.float16).dtype
        dtype('float16')
    """
    return Cast(dtype)(x)


def as_floats(x: Any, dtype: Any = np.float64, name: str = "x") -> Variable:
    """x as a Variable of floats: integers and bools are cast to `dtype`, or to float32 on a device.

    Raises:
        TypeError: x, which the message calls `name`, is None or complex.
    """
    v: Variable = as_input(x, name)
    kind = v._data.dtype.kind
    if kind == "c":
        raise TypeError(f"{name} must hold real numbers; got {v.dtype}")
    if kind not in "iub":  # objects are left to the Functions
        return v
    dtype = float_dtype(v, dtype)
    return cast(v, dtype) if v.requires_grad else as_input(v.data.astype(dtype))


def check_floats(x: Any, name: str = "x") -> None:
    """Raise TypeError unless x is floating point.

    Example:
        >>> check_floats(np.arange(3, dtype=np.int32))
        Traceback (most recent call last):
        TypeError: x must be floating point; got int32: convert it with x.astype(np.float32)
    """
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name} must be floating point; got {x.dtype}: convert it with {name}.astype(np.float32)"
        )
