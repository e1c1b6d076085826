"""Element-wise operations: NumPy's own functions; their calls are not counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import _platform
from ..._shapes import Array

Unary = Callable[[Array], Array]
Binary = Callable[[Array, Array | float], Array]

add: Binary = np.add
sub: Callable[[Array | float, Array | float], Array] = np.subtract
mul: Binary = np.multiply
div: Binary = np.divide
maximum: Binary = np.maximum
minimum: Binary = np.minimum
equal: Binary = np.equal
greater: Binary = np.greater
greater_equal: Binary = np.greater_equal
less: Binary = np.less
less_equal: Binary = np.less_equal
neg: Unary = np.negative
abs: Unary = np.abs
sign: Unary = np.sign
sqrt: Unary = np.sqrt
exp: Unary = np.exp
expm1: Unary = np.expm1
log: Unary = np.log
log1p: Unary = np.log1p
sin: Unary = np.sin
cos: Unary = np.cos
tanh: Unary = np.tanh


def pow(x: Array, c: Array | float) -> Array:
    """`x**c`, which is fast for squares and square roots, unlike `np.power`; cubes are multiplied out."""
    return x * x * x if type(c) in (int, float) and c == 3 and x.dtype.kind == "f" else x**c


_INTEGERS = {2: np.int16, 4: np.int32, 8: np.int64}  # by bytes
_LARGE = 4096  # elements


def where(condition: Array, x: Array | float, y: Array | float) -> Array:
    """`np.where`; for many floats by masks of bits, except in WebAssembly, where that takes twice as long.

    Elsewhere `np.where` branches at each element. A branch that follows the signs of activations is
    mispredicted half of the time, which takes four times as long as masks.
    """
    if condition.size < _LARGE or condition.dtype != np.bool_ or _platform.NAME == "emscripten":
        return np.where(condition, x, y)
    arrays = [v for v in (x, y) if isinstance(v, np.ndarray)]
    dtype = arrays[0].dtype if arrays else None
    if (
        dtype is None
        or dtype.kind != "f"
        or dtype.itemsize not in _INTEGERS
        or any(a.dtype != dtype for a in arrays)
    ):
        return np.where(condition, x, y)
    bits: Any = _INTEGERS[dtype.itemsize]
    mask = -condition.astype(bits)
    chosen = np.asarray(x, dtype).view(bits) & mask
    if isinstance(y, np.ndarray) or y != 0:
        chosen = chosen | (np.asarray(y, dtype).view(bits) & ~mask)
    return chosen.view(dtype)  # type: ignore[no-any-return]
