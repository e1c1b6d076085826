"""`dezero.core`: Variable, Function, the settings and arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import autograd
from ..autograd import Function, Parameter, Variable, as_variable
from ..config import Config, no_grad, test_mode, using_config
from ..functions import Add, Div, Mul, Neg, Pow, Sub, add, div, mul, neg, pow, rdiv, rsub, sub

__all__ = [
    "Add",
    "Config",
    "Div",
    "Function",
    "Mul",
    "Neg",
    "Parameter",
    "Pow",
    "Sub",
    "Variable",
    "add",
    "array_types",
    "as_array",
    "as_variable",
    "div",
    "mul",
    "neg",
    "no_grad",
    "np",
    "pow",
    "rdiv",
    "rsub",
    "setup_variable",
    "sub",
    "test_mode",
    "using_config",
]

array_types = (np.ndarray,)


def as_array(x: Any, array_module: Any = np) -> Any:
    """Convert a number to a 0-d array; return an array unchanged.

    Args:
        x: number or array.
        array_module: namespace whose `array` function converts the number.

    Example:
        >>> as_array(2.0)
        array(2.)
    """
    return autograd.as_array(x, array_module)


def setup_variable() -> None:
    """Do nothing: Variable has its operators already, which DeZero adds in this function.

    Example:
        >>> setup_variable()
    """
