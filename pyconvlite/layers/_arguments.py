"""Checks of arguments that several layers share."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._shapes import sizes
from ..autograd import Variable, as_input
from ..functions._geometry import Padding, edges_of, has_equal_ends

_FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))


def float_dtype(dtype: Any) -> Any:
    """Check a layer's `dtype` argument; return it as a NumPy dtype.

    Raises:
        TypeError: `dtype` is not float16, float32 or float64.

    Example:
        >>> float_dtype(np.float32)
        dtype('float32')
    """
    try:
        found = None if dtype is None else np.dtype(dtype)  # np.dtype(None) is float64
    except TypeError:
        found = None
    if found is None or found not in _FLOATS:
        given = repr(dtype) if found is None else found
        raise TypeError(f"dtype must be float16, float32 or float64; got {given}")
    return found


def shape_of(x: Any) -> tuple[int, ...]:
    """`np.shape(x)`; for a Variable without NumPy's dispatch, which takes as long as a small kernel.

    Example:
        >>> shape_of([1.0, 2.0])
        (2,)
    """
    return x.shape if isinstance(x, Variable) and x.data is not None else np.shape(x)


def channels(x: Any, layer: object) -> int:
    """Length of x along axis 1: the number of channels or features, from which a layer infers its input size.

    Raises:
        TypeError: x is None.
        ValueError: x has fewer than 2 axes.

    Example:
        >>> channels(np.zeros((5, 3)), layer=None)
        3
    """
    shape = shape_of(x)
    if len(shape) < 2:
        as_input(x, "x")
        hint = ": x[None] is a batch of one, x[:, None] of one feature each" if shape else ""
        raise ValueError(
            f"{type(layer).__name__} needs an input with at least 2 axes; got shape {shape}{hint}"
        )
    return int(shape[1])


def padding(pad: Padding) -> Padding:
    """Check a layer's `pad` argument, as in `F.conv2d`; expand integers to pairs, and keep a string.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below 0, or `pad` has another form.

    Example:
        >>> padding(1), padding((1, (0, 2))), padding("same")
        ((1, 1), ((1, 1), (0, 2)), 'same')
    """
    if has_equal_ends(pad):
        return sizes(0, pad, "pad")
    edges = edges_of(pad, (1, 1), (1, 1), (1, 1))
    return pad if isinstance(pad, str) else edges
