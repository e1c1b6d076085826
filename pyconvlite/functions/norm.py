"""Functions that regularise or normalise."""

from __future__ import annotations

from typing import Any

from ..backends import get_array_module
from ..core import Config, Variable, as_variable
from ..utils import rng
from .math import mul


def dropout(x: Any, dropout_ratio: float = 0.5) -> Variable:
    """Set each element to 0 with probability `dropout_ratio`, and scale the others so that the mean stays.

    In `test_mode()` x passes unchanged.

    Args:
        x: Variable or array.
        dropout_ratio: from 0 to below 1.

    Raises:
        ValueError: a ratio out of its range.

    Source: Srivastava et al. 2014, in the inverted form; book step 54.

    Example:
        >>> import numpy as np
        >>> from pyconvlite import test_mode
        >>> with test_mode():
        ...     dropout(np.array([1.0, 2.0]))
        variable([1. 2.])
    """
    if not 0 <= dropout_ratio < 1:
        raise ValueError(f"dropout_ratio must be at least 0 and below 1; got {dropout_ratio}")
    if not Config.train:
        return as_variable(x)
    keep = rng().random(x.shape) >= dropout_ratio
    scaled = keep.astype(x.dtype) / (1 - float(dropout_ratio))
    return mul(x, get_array_module(x).asarray(scaled))
