"""Loss functions and accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._shapes import Array
from ..autograd import Function, Variable, as_input, as_variable
from ..backends import get_array_module, kernels
from .activation import sigmoid
from .arithmetic import clip, sub
from .math import log
from .reduction import sum
from .shape import reshape
from .softmax import softmax


class MeanSquaredError(Function):
    """Sum of squared differences, divided by the length of the first axis."""

    reads_outputs = False

    def forward(self, x0: Array, x1: Array) -> Any:
        diff = x0 - x1
        return (diff * diff).sum() / len(diff)

    def backward(self, gy: Variable) -> Any:
        x0, x1 = self.inputs
        gx0 = gy * (x0 - x1) * (2.0 / len(x0))
        return gx0, -gx0 if self.needs_input_grad[1] else None


def mean_squared_error(x0: Any, x1: Any) -> Variable:
    """Sum of (x0 - x1) ** 2, divided by the length of the first axis, as in DeZero.

    Args:
        x0, x1: Variables or arrays of the same shape (N, ...), except for leading axes of length 1.

    Returns:
        The loss, a 0-d Variable with the wider of the two dtypes; each gradient has the dtype of its input.

    Raises:
        ValueError: the shapes differ (broadcasting is most likely a mistake), or are 0-d or empty.

    Example:
        >>> import numpy as np
        >>> mean_squared_error(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
        variable(2.0)
    """
    x0, x1 = as_input(x0), as_input(x1)
    if _without_leading_ones(x0.shape) != _without_leading_ones(x1.shape):
        raise ValueError(f"x0 and x1 must have the same shape; got {x0.shape} and {x1.shape}")
    shape = x0.shape if x0.ndim >= x1.ndim else x1.shape
    if shape == () or 0 in shape:
        raise ValueError(f"x0 and x1 must have at least one axis and one element; got shape {shape}")
    return MeanSquaredError()(reshape(x0, shape), reshape(x1, shape))


def _without_leading_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Remove leading axes of length 1, the only ones that may be broadcast here."""
    return _without_leading_ones(shape[1:]) if shape[:1] == (1,) else shape


def mean_squared_error_simple(x0: Any, x1: Any) -> Variable:
    """`mean_squared_error` composed of other Functions (book step 42).

    Example:
        >>> import numpy as np
        >>> mean_squared_error_simple(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
        variable(2.0)
    """
    difference = sub(x0, x1)
    return sum(difference**2) / len(difference)


class SoftmaxCrossEntropy(Function):
    """Mean cross entropy of softmax(x) and one-hot labels."""

    reads_outputs = False

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

    reads_outputs = False

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
        x: scores of shape (N, classes).
        t: labels of shape (N,) or (N, 1), integers from 0 to classes - 1.

    Raises:
        TypeError: the labels are not integers.
        ValueError: the shapes do not match, the batch is empty, or a label is out of range.

    Example:
        >>> import numpy as np
        >>> softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
        variable(0.6931471805599453)
    """
    x, t = as_input(x), as_input(t)
    return SoftmaxCrossEntropy()(x, _labels(x, t, "x"))


def softmax_cross_entropy_simple(x: Any, t: Any) -> Variable:
    """`softmax_cross_entropy` composed of other Functions (book step 47).

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
    p = clip(p, np.finfo(p.dtype).tiny, 1)  # avoids log(0) and its infinite gradient
    N = len(x)
    return sum(log(p)[np.arange(N), labels]) / -N


class SigmoidCrossEntropy(Function):
    """Cross entropy of sigmoid(x) and t, summed, divided by the length of the first axis."""

    reads_outputs = False

    def forward(self, x: Array, t: Array) -> Any:
        xp = get_array_module(x)
        # equal to -t log p - (1 - t) log(1 - p) with p = sigmoid(x), but does not overflow
        return (xp.maximum(x, 0) - x * t + xp.log1p(xp.exp(-xp.abs(x)))).sum() / len(x)

    def backward(self, gy: Variable) -> Any:
        x, t = self.inputs
        share = gy * (1.0 / len(x))
        gx = share * (sigmoid(x) - t) if self.needs_input_grad[0] else None
        gt = share * -x if self.needs_input_grad[1] else None
        return gx, gt


def sigmoid_cross_entropy(x: Any, t: Any) -> Variable:
    """Cross entropy of sigmoid(x) and t, summed, divided by the length of the first axis, as in DeZero.

    Args:
        x: scores of shape (N, ...).
        t: probabilities, or labels 0 and 1, with as many elements as x.

    Returns:
        The loss, a 0-d Variable with the dtype of x, or of t if that is a wider float. The gradient of x has
        the dtype of x.

    Raises:
        ValueError: x and t differ in size, x is empty, or x is 0-d.

    Example:
        >>> import numpy as np
        >>> sigmoid_cross_entropy(np.array([[0.0], [1000.0]]), np.array([[1.0], [1.0]]))
        variable(0.34657359027997264)
    """
    return SigmoidCrossEntropy()(*_targets(x, t, "x"))


def binary_cross_entropy(p: Any, t: Any) -> Variable:
    """Cross entropy of the probabilities p and t, summed, divided by the length of the first axis.

    p is clipped to [eps, 1 - eps], with the eps of its dtype, since the logarithm of 0 is infinite. Prefer
    `sigmoid_cross_entropy`, which takes scores and does not clip.

    Args:
        p: probabilities of shape (N, ...).
        t: probabilities, or labels 0 and 1, with as many elements as p.

    Returns:
        The loss, with the dtype that `sigmoid_cross_entropy` returns.

    Raises:
        TypeError: p is not floating point.
        ValueError: p and t differ in size, p is empty, or p is 0-d.

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
    """Return x and t as Variables, t reshaped like x and, unless floating point, cast to x's dtype."""
    x, t = as_input(x), as_input(t)
    if x.ndim == 0 or x.size == 0 or x.size != t.size:
        raise ValueError(
            f"{name} and t must have the same size, at least 1, and {name} at least one axis; "
            f"got shapes {x.shape} and {t.shape}"
        )
    return x, reshape(t if t.dtype.kind == "f" else as_input(t.data.astype(x.dtype)), x.shape)


def accuracy(y: Any, t: Any) -> Variable:
    """Fraction of rows whose highest score is that of the label; it has no gradient.

    Args:
        y: scores of shape (N, classes).
        t: labels of shape (N,) or (N, 1), integers from 0 to classes - 1.

    Returns:
        A 0-d Variable from 0 to 1, with y's dtype if that is floating point, else float64.

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
    """Return the labels as an array of shape (N,); a kernel checks their range."""
    if x.ndim != 2 or t.shape not in ((len(x),), (len(x), 1)):
        raise ValueError(
            f"{name} must be (N, classes) and t (N,) with the same N; got {x.shape} and {t.shape}"
        )
    if t.dtype.kind not in "iu":
        raise TypeError(
            f"t must hold integers, the class index of each row; got {t.dtype}: convert it with t.astype(int)"
        )
    if x.size == 0:
        raise ValueError(
            f"{name} must hold at least one row and one class; got shapes {x.shape} and {t.shape}"
        )
    labels: Array = t.data.reshape(-1)
    return labels
