"""Element-wise operations: NumPy's own functions, of which no calls are counted."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from ..._shapes import Array

Unary: TypeAlias = Callable[[Array], Array]
Binary: TypeAlias = Callable[[Array, Array | float], Array]

add: Binary = np.add
sub: Binary = np.subtract
mul: Binary = np.multiply
div: Binary = np.divide
pow: Binary = operator.pow  # which, unlike np.power, knows squares and square roots
maximum: Binary = np.maximum
minimum: Binary = np.minimum
equal: Binary = np.equal
greater: Binary = np.greater
greater_equal: Binary = np.greater_equal
less: Binary = np.less
less_equal: Binary = np.less_equal
where: Callable[[Array, Array | float, Array | float], Array] = np.where
neg: Unary = np.negative
abs: Unary = np.abs
sqrt: Unary = np.sqrt
exp: Unary = np.exp
expm1: Unary = np.expm1
log: Unary = np.log
log1p: Unary = np.log1p
tanh: Unary = np.tanh
