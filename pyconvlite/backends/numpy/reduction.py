"""Sums over axes."""

from __future__ import annotations

from ..._shapes import Array
from .._calls import counted


@counted("numpy")
def sum(x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    y: Array = x.sum(axis=axis, keepdims=keepdims)
    return y
