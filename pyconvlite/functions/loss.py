"""Losses, and the accuracy that they stand for."""

from __future__ import annotations

from typing import Any

from ..backends import get_array_module
from ..core import Function, Variable, as_input, as_variable
from .activation import softmax


class MeanSquaredError(Function):
    """Squared differences, summed, per row."""

    def forward(self, x0: Any, x1: Any) -> Any:
        diff = x0 - x1
        return (diff * diff).sum() / len(diff)

    def backward(self, gy: Variable) -> Any:
        x0, x1 = self.inputs
        gx0 = gy * (x0 - x1) * (2.0 / len(x0))
        return gx0, -gx0 if self.needs_input_grad[1] else None


def mean_squared_error(x0: Any, x1: Any) -> Variable:
    """Sum of (x0 - x1) ** 2, divided by the length of the first axis, as DeZero has it.

    Args:
        x0, x1: (N, ...), of one shape.

    Raises:
        ValueError: shapes that differ (they would broadcast to something nobody meant), or empty.

    Example:
        >>> import numpy as np
        >>> mean_squared_error(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
        variable(2.0)
    """
    x0, x1 = as_input(x0), as_input(x1)
    if x0.shape != x1.shape:
        raise ValueError(f"x0 and x1 must have one shape; got {x0.shape} and {x1.shape}")
    if x0.ndim == 0 or x0.size == 0:
        raise ValueError(f"x0 and x1 must have a first axis and an element; got shape {x0.shape}")
    return MeanSquaredError()(x0, x1)


class SoftmaxCrossEntropy(Function):
    """Mean cross entropy of softmax(x) and one-hot labels."""

    def forward(self, x: Any, t: Any) -> Any:
        xp = get_array_module(x)
        x = x - x.max(axis=1, keepdims=True)
        log_z = xp.log(xp.exp(x).sum(axis=1))
        return (log_z - x[xp.arange(len(x)), t]).mean()

    def backward(self, gy: Variable) -> Any:
        x, t = self.inputs
        N = len(x)
        xp = get_array_module(x.data)
        one_hot = xp.zeros(x.shape, x.dtype)
        one_hot[xp.arange(N), t.data] = 1
        return (softmax(x) - one_hot) * (gy * (1.0 / N))


def softmax_cross_entropy(x: Any, t: Any) -> Variable:
    """Mean over the batch of -log softmax(x)[t] (book step 47).

    Args:
        x: scores (N, classes).
        t: labels (N,) or (N, 1), integers from 0 to classes - 1.

    Raises:
        TypeError: labels that are no integers.
        ValueError: shapes that do not fit, an empty batch, or a label out of range.

    Example:
        >>> import numpy as np
        >>> softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
        variable(0.6931471805599453)
    """
    x, t = as_input(x), as_input(t)
    return SoftmaxCrossEntropy()(x, _labels(x, t, "x"))


def accuracy(y: Any, t: Any) -> Variable:
    """Share of rows whose largest score is the label's; no gradient flows through it.

    Args:
        y: scores (N, classes).
        t: labels (N,) or (N, 1), integers from 0 to classes - 1.

    Returns:
        A number from 0 to 1, in y's dtype.

    Raises:
        TypeError, ValueError: as in `softmax_cross_entropy`.

    Example:
        >>> import numpy as np
        >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
        variable(0.5)
    """
    y, t = as_input(y), as_input(t)
    hits = y.data.argmax(axis=1) == _labels(y, t, "y")
    return as_variable(hits.mean().astype(y.dtype))


def _labels(x: Variable, t: Variable, name: str) -> Any:
    """The labels, checked, as an array (N,)."""
    if x.ndim != 2 or t.shape not in ((len(x),), (len(x), 1)):
        raise ValueError(f"{name} must be (N, classes) and t (N,) with one N; got {x.shape} and {t.shape}")
    if t.dtype.kind not in "iu":
        raise TypeError(
            f"t must hold integers, the index of each row's class; got {t.dtype} (t.astype(int)?)"
        )
    if t.size == 0:
        raise ValueError(f"{name} and t must hold at least one row; got shapes {x.shape} and {t.shape}")
    low, high = t.data.min(), t.data.max()
    if low < 0 or high >= x.shape[1]:
        raise ValueError(
            f"labels in t must lie in 0..{x.shape[1] - 1}, as {name} has {x.shape[1]} classes; "
            f"got {low}..{high}"
        )
    return t.data.reshape(-1)
