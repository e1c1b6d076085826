"""Reductions over axes, the indexes of extremes, and cumulative sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functions as F
from ..._shapes import axes_of, stretched_axes
from ...functions.reduction import root
from ..emitting import Call
from ._table import Exporter, Run, Use, exports, host, integers, operator, raw
from .shape import given_axes


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
        axes = given_axes(use, given)
        dtype = raw(x).dtype
        if not axes and use.noop_with_empty_axes:
            y = function(F.expand_dims(x, 0), 0, False)  # of each element by itself
        else:
            y = function(x, tuple(axes) if axes else None, keepdims)
        return y if raw(y).dtype == dtype else raw(y).astype(dtype)  # NumPy widens integers

    return reduce


def _export_reduction(op: str) -> Exporter:
    def export(c: Call) -> str:
        axis = c.same("axis")
        axes = None if axis is None else sorted(axes_of(axis, len(c.f.inputs[0].shape)))
        (x,) = c.alike()
        return c.e.reduced(op, x, axes, bool(c.same("keepdims")))

    return export


exports(F.Sum)(_export_reduction("ReduceSum"))
exports(F.Mean)(_export_reduction("ReduceMean"))
exports(F.Max)(_export_reduction("ReduceMax"))
exports(F.Min)(_export_reduction("ReduceMin"))


@exports(F.LogSumExp)
def _export_logsumexp(c: Call) -> str:
    axes = sorted(axes_of(c.same("axis"), len(c.f.inputs[0].shape)))
    return c.e.reduced("ReduceLogSumExp", c.inputs[0], axes, True)


@exports(F.SumTo)
def _export_sum_to(c: Call) -> str:
    shape, whole = c.same("shape"), c.f.inputs[0].shape
    (x,) = c.alike()
    y = c.e.reduced("ReduceSum", x, stretched_axes(shape, whole), True)
    lead = list(range(len(whole) - len(shape)))
    return c.e.node("Squeeze", y, c.e.integers(lead)) if lead else y


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


@operator("CumSum", exclusive=0, reverse=0)
def _cumsum(use: Use) -> Run:
    def cumsum(x: Any, axis: Any) -> Any:
        (at,) = integers(axis)
        terms = F.flip(x, at) if use.reverse else x
        if use.exclusive:  # subtracting x from the sums would lose digits
            widths = [(int(i == at % len(x.shape)), 0) for i in range(len(x.shape))]
            terms = F.get_item(F.pad(terms, widths), tuple(slice(n) for n in x.shape))
        y = F.cumsum(terms, at)
        y = F.flip(y, at) if use.reverse else y
        return y if y.dtype == x.dtype else y.data.astype(x.dtype)  # NumPy widens integers

    return cumsum


exports(F.CumSum)(lambda c: c.e.node("CumSum", *c.alike(), c.e.constant(np.array(c.same("axis"), np.int64))))
