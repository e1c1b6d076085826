"""float16: sums are computed in float32, as a sum of ones in float16 does not grow beyond 2048."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import numpy as np

from ..._shapes import Array

P = ParamSpec("P")

HALF = np.dtype(np.float16)


def sum_dtype(x: Array) -> type[np.float32] | None:
    """The dtype in which sums of x are computed: float32 for float16; None for the dtype of x."""
    return np.float32 if x.dtype == HALF else None


def in_float32(kernel: Callable[P, Array]) -> Callable[P, Array]:
    """Decorate a kernel so that it computes float16 in float32, and rounds its result once."""

    @functools.wraps(kernel)
    def computing(*args: P.args, **kwargs: P.kwargs) -> Array:
        dtypes = {a.dtype for a in args if isinstance(a, np.ndarray)}
        if HALF not in dtypes or [d for d in dtypes if d.kind == "f" and d != HALF]:
            return kernel(*args, **kwargs)
        y = kernel(*map(_widened, args), **kwargs)
        return y.astype(HALF)

    return computing


def _widened(value: Any) -> Any:
    return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == HALF else value
