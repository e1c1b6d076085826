"""Losses, and the accuracy that they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._shapes import Array
from ..autograd import Function, Variable, as_input, as_variable
from ..backends import get_array_module, kernels
from .activation import sigmoid, softmax
from .arithmetic import clip, sub
from .math import log
from .reduction import sum
from .shape import reshape


class MeanSquaredError(Function):
    """Squared differences, summed, per row."""

    def forward(self, x0: Array, x1: Array) -> Any:
        diff = x0 - x1
        return (diff * diff).sum() / len(diff)

    def backward(self, gy: Variable) -> Any:
        x0, x1 = self.inputs
        gx0 = gy * (x0 - x1) * (2.0 / len(x0))
        return gx0, -gx0 if self.needs_input_grad[1] else None


def mean_squared_error(x0: Any, x1: Any) -> Variable:
    """Sum of (x0 - x1) ** 2, divided by the length of the first axis, as DeZero has it.

    Args:
        x0, x1: (N, ...), of one shape but for leading axes of length 1.

    Returns:
        The loss, in the wider of the two dtypes; each one's gradient has its own dtype.

    Raises:
        ValueError: shapes that differ (they would broadcast to something nobody meant), or empty.

    Example:
        >>> import numpy as np
        >>> mean_squared_error(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
        variable(2.0)
    """
    x0, x1 = as_input(x0), as_input(x1)
    if _essential(x0.shape) != _essential(x1.shape):
        raise ValueError(f"x0 and x1 must have one shape; got {x0.shape} and {x1.shape}")
    shape = x0.shape if x0.ndim >= x1.ndim else x1.shape
    if shape == () or 0 in shape:
        raise ValueError(f"x0 and x1 must have a first axis and an element; got shape {shape}")
    return MeanSquaredError()(reshape(x0, shape), reshape(x1, shape))


def _essential(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without leading axes of length 1: to add those is all that broadcasting may do here."""
    return _essential(shape[1:]) if shape[:1] == (1,) else shape


def mean_squared_error_simple(x0: Any, x1: Any) -> Variable:
    """`mean_squared_error` built of other Functions (book step 42).

    Example:
        >>> import numpy as np
        >>> mean_squared_error_simple(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
        variable(2.0)
    """
    difference = sub(x0, x1)
    return sum(difference**2) / len(difference)


class SoftmaxCrossEntropy(Function):
    """Mean cross entropy of softmax(x) and one-hot labels."""

    def forward(self, x: Array, t: Array) -> Any:
        return kernels(x).softmax_cross_entropy(x, t)

    def backward(self, gy: Variable) -> Any:
        x, t = self.inputs
        return SoftmaxCrossEntropyGrad()(x, t, gy)


class SoftmaxCrossEntropyGrad(Function):
    """Gradient of softmax cross entropy with respect to x: (softmax(x) - one-hot labels) * gy / N.

    Example:
        >>> SoftmaxCrossEntropyGrad()(np.array([[0.0, 0.0]]), np.array([1]), np.array(1.0))
        variable([[ 0.5 -0.5]])
    """

    def forward(self, x: Array, t: Array, gy: Array) -> Any:
        return kernels(x).softmax_cross_entropy_grad(x, t, gy)

    def backward(self, ggx: Variable) -> Any:
        x, t, gy = self.inputs
        N = len(x)
        p = softmax(x)
        mean = sum(ggx * p, axis=1, keepdims=True)  # of ggx, weighted by p
        gx = p * (ggx - mean) * (gy * (1.0 / N)) if self.needs_input_grad[0] else None
        ggy = None
        if self.needs_input_grad[2]:
            xp = get_array_module(x.data)
            ggy = (sum(mean) - sum(ggx[xp.arange(N), t.data])) * (1.0 / N)
        return gx, None, ggy


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


def softmax_cross_entropy_simple(x: Any, t: Any) -> Variable:
    """`softmax_cross_entropy` built of other Functions (book step 47).

    Example:
        >>> import numpy as np
        >>> softmax_cross_entropy_simple(np.array([[0.0, 0.0]]), np.array([1])).data.round(6)
        np.float64(0.693147)
    """
    x, t = as_input(x), as_input(t)
    labels = _labels(x, t, "x")
    classes: int = x.shape[1]
    kernels(labels).check_indexes(labels, classes, "labels in t")
    p = softmax(x)
    p = clip(p, np.finfo(p.dtype).tiny, 1)  # log(0) has no gradient
    N = len(x)
    return sum(log(p)[np.arange(N), labels]) / -N


class SigmoidCrossEntropy(Function):
    """Cross entropy of sigmoid(x) and the probability t, summed, per row."""

    def forward(self, x: Array, t: Array) -> Any:
        xp = get_array_module(x)
        # -t log p - (1 - t) log(1 - p) with p = 1 / (1 + exp(-x)), in a form that does not overflow
        return (xp.maximum(x, 0) - x * t + xp.log1p(xp.exp(-xp.abs(x)))).sum() / len(x)

    def backward(self, gy: Variable) -> Any:
        x, t = self.inputs
        share = gy * (1.0 / len(x))
        gx = share * (sigmoid(x) - t) if self.needs_input_grad[0] else None
        gt = share * -x if self.needs_input_grad[1] else None
        return gx, gt


def sigmoid_cross_entropy(x: Any, t: Any) -> Variable:
    """Cross entropy of sigmoid(x) and t, summed, divided by the length of the first axis, as DeZero has it.

    Args:
        x: scores (N, ...).
        t: probabilities or labels 0 and 1, as many.

    Returns:
        The loss, in x's dtype, or in t's where that is a wider float; x's gradient has x's dtype.

    Raises:
        ValueError: not as many, or none.

    Example:
        >>> import numpy as np
        >>> sigmoid_cross_entropy(np.array([[0.0], [1000.0]]), np.array([[1.0], [1.0]]))
        variable(0.34657359027997264)
    """
    return SigmoidCrossEntropy()(*_targets(x, t, "x"))


def binary_cross_entropy(p: Any, t: Any) -> Variable:
    """Cross entropy of the probabilities p and t, summed, divided by the length of the first axis.

    p is kept away from 0 and 1 by its dtype's precision, where the logarithm has no gradient;
    `sigmoid_cross_entropy` of the scores needs no such limit.

    Args:
        p: probabilities (N, ...).
        t: probabilities or labels 0 and 1, as many.

    Returns:
        The loss, with the dtypes of `sigmoid_cross_entropy`.

    Raises:
        TypeError: p is not floating point.
        ValueError: not as many, or none.

    Example:
        >>> import numpy as np
        >>> binary_cross_entropy(np.array([0.5, 0.9]), np.array([1, 1]))
        variable(0.399253848...)
    """
    p, t = _targets(p, t, "p")
    if p.dtype.kind != "f":
        raise TypeError(f"p must be floating point; got {p.dtype}")
    eps = float(np.finfo(p.dtype).eps)
    p = clip(p, eps, 1 - eps)
    return sum(t * log(p) + (1 - t) * log(1 - p)) / -len(p)


def _targets(x: Any, t: Any, name: str) -> tuple[Variable, Variable]:
    """X and t, the latter in x's shape and, where it holds integers, in x's dtype."""
    x, t = as_input(x), as_input(t)
    if x.ndim == 0 or x.size == 0 or x.size != t.size:
        raise ValueError(f"{name} and t must hold equally many elements, some; got {x.shape} and {t.shape}")
    return x, reshape(t if t.dtype.kind == "f" else as_input(t.data.astype(x.dtype)), x.shape)


def accuracy(y: Any, t: Any) -> Variable:
    """Share of rows whose largest score is the label's; no gradient flows through it.

    Args:
        y: scores (N, classes).
        t: labels (N,) or (N, 1), integers from 0 to classes - 1.

    Returns:
        A number from 0 to 1, in y's dtype if that is floating point.

    Raises:
        TypeError, ValueError: as in `softmax_cross_entropy`.

    Example:
        >>> import numpy as np
        >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
        variable(0.5)
    """
    y, t = as_input(y), as_input(t)
    labels = _labels(y, t, "y")
    classes: int = y.shape[1]
    kernels(labels).check_indexes(labels, classes, "labels in t")
    hits = y.data.argmax(axis=1) == labels
    return as_variable(hits.mean().astype(y.dtype if y.dtype.kind == "f" else np.float64))


def _labels(x: Variable, t: Variable, name: str) -> Array:
    """The labels as an array (N,); whether they are classes is for a kernel to check."""
    if x.ndim != 2 or t.shape not in ((len(x),), (len(x), 1)):
        raise ValueError(f"{name} must be (N, classes) and t (N,) with one N; got {x.shape} and {t.shape}")
    if t.dtype.kind not in "iu":
        raise TypeError(
            f"t must hold integers, the index of each row's class; got {t.dtype} (t.astype(int)?)"
        )
    if t.size == 0:
        raise ValueError(f"{name} and t must hold at least one row; got shapes {x.shape} and {t.shape}")
    labels: Array = t.data.reshape(-1)
    return labels
