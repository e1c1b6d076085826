"""DeZero's helpers for testing Functions, which `pyconvlite.utils` exports.

`pyconvlite.testing` checks more: several inputs, dtypes, second gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import testing
from ._shapes import Array
from .autograd import Variable, as_input, grad

__all__ = ["array_allclose", "array_equal", "gradient_check", "numerical_grad"]


def array_equal(a: Any, b: Any) -> bool:
    """Whether two arrays or Variables have the same shape and the same elements.

    Example:
        >>> array_equal(Variable(np.array([1, 2])), np.array([1, 2]))
        True
    """
    return np.array_equal(a, b)


def array_allclose(a: Any, b: Any, rtol: float = 1e-4, atol: float = 1e-5) -> bool:
    """Whether two arrays or Variables agree element-wise, with broadcasting: `|a - b| <= atol + rtol * |b|`.

    Example:
        >>> array_allclose(np.array([1.0, 2.0]), Variable(np.array([1.0, 2.00001])))
        True
    """
    return np.allclose(a, b, rtol=rtol, atol=atol)


def numerical_grad(f: Callable[..., Any], x: Any, *args: Any, **kwargs: Any) -> Array:
    """Gradient of `sum(f(x, *args, **kwargs))` by central differences.

    Args:
        f: function of an array that returns a Variable or an array.
        x: array or Variable of floats.
        args, kwargs: further arguments of `f`.

    Returns:
        float64 array of x's shape.

    Raises:
        TypeError: `f` is not callable, or returns no Variable, array or number; or `x` is not floating point.

    Example:
        >>> numerical_grad(lambda x, c: x**c, np.array([1.0, 2.0]), 3).round(6)
        array([ 3., 12.])
    """
    return measure(f, x, args, kwargs)


def gradient_check(
    f: Callable[..., Variable], x: Any, *args: Any, rtol: float = 1e-4, atol: float = 1e-5, **kwargs: Any
) -> bool:
    """Whether the gradient of `f` by backward agrees with central differences; if not, print both.

    Both are computed in float64, and x is not changed.

    Args:
        f: function of a Variable that returns a Variable.
        x: array or Variable of floats.
        args, kwargs: further arguments of `f`.
        rtol, atol: tolerances, as in `array_allclose`.

    Raises:
        TypeError: as in `numerical_grad`.

    Example:
        >>> import pyconvlite.functions as F
        >>> gradient_check(F.linear, np.ones((1, 2)), np.array([[1.0], [2.0]]))
        True
    """
    return compare(f, x, args, kwargs, rtol, atol)


# ----------------------------------------------------- the same, with a step to choose, for pyconvlite.dezero


def measure(f: Callable[..., Any], x: Any, args: Any, kwargs: Any, eps: float = 1e-6) -> Array:
    """As `numerical_grad`, with the step of the central differences."""
    if not callable(f):
        raise TypeError(f"f must be a function; got {type(f).__name__}")

    def of_variable(v: Variable) -> Variable:
        # `testing` calls `f` with Variables, but here `f` may expect plain arrays, as in DeZero.
        return as_input(f(v.data, *args, **kwargs), "the result of f")

    return np.asarray(testing.numerical_grad(of_variable, x, eps=eps))


def compare(
    f: Callable[..., Any], x: Any, args: Any, kwargs: Any, rtol: float, atol: float, eps: float = 1e-6
) -> bool:
    """As `gradient_check`, with the step of the central differences."""
    measured = measure(f, x, args, kwargs, eps)
    v = Variable(np.asarray(x).astype(np.float64))
    (gx,) = grad(f(v, *args, **kwargs), v)
    if array_allclose(gx, measured, rtol, atol):
        return True
    print(f"the gradients do not agree\ncentral differences:\n{measured}\nbackward:\n{gx.data}")
    return False
