"""DeZero's helpers for tests of Functions, reached as `pyconvlite.utils.gradient_check` and so on.

`pyconvlite.testing` checks more: several inputs, dtypes, second gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import testing
from ._shapes import Array
from .autograd import Variable, as_variable, grad

__all__ = ["array_allclose", "array_equal", "gradient_check", "numerical_grad"]


def array_equal(a: Any, b: Any) -> bool:
    """Whether two arrays or Variables have the same shape and the same elements.

    Example:
        >>> array_equal(Variable(np.array([1, 2])), np.array([1, 2]))
        True
    """
    return np.array_equal(a, b)


def array_allclose(a: Any, b: Any, rtol: float = 1e-4, atol: float = 1e-5) -> bool:
    """Whether two arrays or Variables, broadcast, agree element by element: `|a - b| <= atol + rtol * |b|`.

    Example:
        >>> array_allclose(np.array([1.0, 2.0]), Variable(np.array([1.0, 2.00001])))
        True
    """
    return np.allclose(a, b, rtol=rtol, atol=atol)


def numerical_grad(f: Callable[..., Any], x: Any, *args: Any, **kwargs: Any) -> Array:
    """Measure the gradient of `sum(f(x, *args, **kwargs))` by central differences.

    Args:
        f: takes an array and gives a Variable or an array.
        x: array or Variable of floats.
        args, kwargs: handed on to `f`.

    Returns:
        float64 array of x's shape.

    Raises:
        TypeError: `x` holds no floats.

    Example:
        >>> numerical_grad(lambda x, c: x**c, np.array([1.0, 2.0]), 3).round(6)
        array([ 3., 12.])
    """
    # `f` may be made for plain arrays, as in DeZero, where `testing` hands it Variables
    return np.asarray(testing.numerical_grad(lambda v: as_variable(f(v.data, *args, **kwargs)), x))


def gradient_check(
    f: Callable[..., Variable], x: Any, *args: Any, rtol: float = 1e-4, atol: float = 1e-5, **kwargs: Any
) -> bool:
    """Tell whether `f`'s backward gives the gradient with respect to x that central differences measure.

    Where it does not, both are printed. All is computed in float64, and x is left as it is.

    Args:
        f: takes a Variable and gives one.
        x: array or Variable of floats.
        args, kwargs: handed on to `f`.
        rtol, atol: as for `array_allclose`.

    Raises:
        TypeError: `x` holds no floats.

    Example:
        >>> import pyconvlite.functions as F
        >>> gradient_check(F.linear, np.ones((1, 2)), np.array([[1.0], [2.0]]))
        True
    """
    measured = numerical_grad(f, x, *args, **kwargs)
    v = Variable(np.asarray(x).astype(np.float64))
    (gx,) = grad(f(v, *args, **kwargs), v)
    if array_allclose(gx, measured, rtol, atol):
        return True
    print(f"the gradients do not agree\nmeasured:\n{measured}\nof backward:\n{gx.data}")
    return False
