"""`dezero.functions`: all functions of pyconvlite; dropout draws from `numpy.random`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions
from .._arguments import within
from . import cuda, utils
from .core import Config, Function, Variable, as_array, as_variable

globals().update({name: getattr(functions, name) for name in functions.__all__})  # dropout replaces its own


def dropout(x: Any, dropout_ratio: float = 0.5) -> Variable:
    """Set each element to 0 with probability `dropout_ratio` and divide the others by 1 - `dropout_ratio`.

    The mask is drawn by `numpy.random.rand(*x.shape)`, as in DeZero.

    Args:
        x: Variable or array.
        dropout_ratio: a number, at least 0 and below 1.

    Raises:
        TypeError: `dropout_ratio` is not a number, or x is not an array.
        ValueError: `dropout_ratio` is not in [0, 1).

    Example:
        >>> import numpy as np
        >>> np.random.seed(0)  # draws 0.55, 0.72, 0.6, 0.54
        >>> dropout(np.ones(4), 0.6)
        variable([0.  2.5 2.5 0. ])
    """
    x = as_variable(x)
    ratio = within(0, dropout_ratio, 1, "dropout_ratio")
    if not Config.train:
        return x  # type: ignore[no-any-return]
    xp = cuda.get_array_module(x)
    mask = xp.asarray(xp.random.rand(*x.shape)) > ratio  # asarray: for a 0-d x, rand returns a number
    return x * mask.astype(x.dtype) / (1 - ratio)  # type: ignore[no-any-return]
