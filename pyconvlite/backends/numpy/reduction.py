"""Sums over axes."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .._calls import counted


@counted("numpy")
def sum(x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    # What x.sum calls; NumPy's types do not know that keepdims may be a variable.
    y: Array = np.add.reduce(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]
    return y
