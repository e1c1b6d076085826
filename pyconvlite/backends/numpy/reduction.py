"""Reductions over axes."""

from __future__ import annotations

from ..._shapes import Array
from .._calls import counted

Axis = int | tuple[int, ...] | None


@counted("numpy")
def sum(x: Array, axis: Axis, keepdims: bool) -> Array:
    y: Array = x.sum(axis=axis, keepdims=keepdims)
    return y


@counted("numpy")
def mean(x: Array, axis: Axis, keepdims: bool) -> Array:
    y: Array = x.mean(axis=axis, keepdims=keepdims)
    return y


@counted("numpy")
def max(x: Array, axis: Axis, keepdims: bool) -> Array:
    y: Array = x.max(axis=axis, keepdims=keepdims)
    return y


@counted("numpy")
def min(x: Array, axis: Axis, keepdims: bool) -> Array:
    y: Array = x.min(axis=axis, keepdims=keepdims)
    return y
