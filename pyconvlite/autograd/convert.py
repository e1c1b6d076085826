"""Conversions of arrays and numbers to arrays and Variables."""

from __future__ import annotations

from typing import Any

import numpy as np

from .variable import Variable, not_an_array


def as_array(x: Any, array_module: Any = None) -> Any:
    """Convert a number to a 0-d array; return an array unchanged.

    Args:
        x: number or array.
        array_module: namespace whose `array` function converts the number; NumPy by default.

    Example:
        >>> as_array(2.0)
        array(2.)
    """
    if x is None or isinstance(x, np.ndarray):  # np.isscalar takes long to say no
        return x
    if isinstance(x, np.generic) and array_module is None:
        return np.asarray(x)
    return (array_module or np).array(x) if np.isscalar(x) else x


def as_variable(obj: Any) -> Variable:
    """Wrap an array or number in a Variable; return a Variable unchanged.

    Raises:
        TypeError: `obj` is not a Variable, array or number.

    Example:
        >>> as_variable(np.array([1.0]))
        variable([1.])
    """
    return obj if isinstance(obj, Variable) else Variable(as_array(obj))


def as_input(obj: Any, name: str | None = None) -> Variable:
    """Convert an input of a Function as `as_variable` does; a wrapped array or number requires no gradient.

    Args:
        obj: Variable, array or number; None for an omitted optional input.
        name: name of an argument that cannot be omitted, for the error message; None if it can.

    Raises:
        TypeError: `obj` is none of these; or `name` is given, and `obj` is None or a Variable without data.

    Example:
        >>> as_input(np.array([1.0])).requires_grad
        False
        >>> as_input(None, "W")
        Traceback (most recent call last):
        TypeError: W must be an array, a Variable or a number; got None
    """
    if isinstance(obj, Variable):
        x = obj
    else:
        try:
            x = Variable(obj if type(obj) is np.ndarray else as_array(obj))
        except TypeError:
            if name is None:
                raise
            raise not_an_array(obj, f"{name} must be") from None
        x.requires_grad = False
    if name is not None and x._data is None:
        raise TypeError(f"{name} must be an array, a Variable or a number; got None")
    return x
