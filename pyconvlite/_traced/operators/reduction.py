"""Reductions over axes, and the indexes of extremes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as F
from ...functions.reduction import root
from ._table import Run, Use, host, operator, raw
from .shape import axes_of


def _extreme(function: Callable[..., Any], sign: int) -> Run:
    def reduced(x: Any, axis: Any, keepdims: bool) -> Any:
        array = raw(x)
        if array.size:
            return function(x, axis, keepdims)
        return np.full(
            array.sum(axis=axis, keepdims=keepdims).shape, _initial(array.dtype, sign), array.dtype
        )

    return reduced


def _initial(dtype: Any, sign: int) -> Any:
    """The result for no elements: the largest number of a dtype, or with the sign -1 the smallest."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).max if sign > 0 else np.iinfo(dtype).min
    return sign * math.inf if dtype.kind == "f" else sign > 0


def _square_sum(x: Any, axis: Any, keepdims: bool) -> Any:
    return F.sum(F.mul(x, x), axis, keepdims)


_REDUCTIONS: dict[str, Run] = {
    "ReduceSum": F.sum,
    "ReduceMean": F.mean,
    "ReduceProd": F.prod,
    "ReduceMax": _extreme(F.max, -1),
    "ReduceMin": _extreme(F.min, 1),
    "ReduceL1": lambda x, axis, keepdims: F.sum(F.abs(x), axis, keepdims),
    "ReduceL2": lambda x, axis, keepdims: root(_square_sum(x, axis, keepdims)),
    "ReduceSumSquare": _square_sum,
    "ReduceLogSum": lambda x, axis, keepdims: F.log(F.sum(x, axis, keepdims)),
    "ReduceLogSumExp": _extreme(F.logsumexp, -1),
}


@operator(*_REDUCTIONS, axes=(), keepdims=1, noop_with_empty_axes=0)
def _reduce(use: Use) -> Run:
    function, keepdims = _REDUCTIONS[use.node.op], bool(use.keepdims)

    def reduce(x: Any, *given: Any) -> Any:
        axes = axes_of(use, given)
        dtype = raw(x).dtype
        if not axes and use.noop_with_empty_axes:
            y = function(F.expand_dims(x, 0), 0, False)  # of each element by itself
        else:
            y = function(x, tuple(axes) if axes else None, keepdims)
        return y if raw(y).dtype == dtype else raw(y).astype(dtype)  # NumPy widens integers

    return reduce


@operator("ArgMax", "ArgMin", axis=0, keepdims=1, select_last_index=0)
def _arg_extreme(use: Use) -> Run:
    find = np.argmax if use.node.op == "ArgMax" else np.argmin

    def arg_extreme(x: Any) -> Any:
        array = host(x)
        last = array.shape[use.axis] - 1
        array = np.flip(array, use.axis) if use.select_last_index else array
        found = find(array, use.axis, keepdims=bool(use.keepdims)).astype(np.int64)
        return last - found if use.select_last_index else found

    return arg_extreme
