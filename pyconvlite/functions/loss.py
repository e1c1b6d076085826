"""Regression losses, losses of probabilities, and the reductions of losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._arguments import above_zero, boolean, one_of
from .._shapes import Array
from ..autograd import Function, Variable, as_input
from ..backends import kernels
from .activation import sigmoid
from .arithmetic import sub
from .casts import as_floats, cast, check_floats
from .math import abs, exp, log
from .reduction import mean, sum
from .selection import clip, where
from .shape import reshape

REDUCTIONS = "none", "mean", "sum", "batchmean"
WITHOUT_MEAN = "none", "sum"  # which an empty batch has too


def reduced(loss: Variable, reduction: str) -> Variable:
    """Reduce the losses of elements as `reduction` says, see `mean_squared_error`.

    Raises:
        ValueError: `reduction` is unknown, or "batchmean" of a 0-d loss.

    Example:
        >>> reduced(Variable(np.ones((2, 3))), "batchmean")
        variable(3.0)
    """
    one_of(reduction, "reduction", REDUCTIONS)
    if reduction == "none":
        return loss
    if reduction == "mean":
        return mean(loss)
    if reduction == "sum":
        return sum(loss)
    if loss.ndim == 0:
        raise ValueError('reduction "batchmean" needs an axis whose length divides the sum; got 0-d arrays')
    return sum(mean(loss, axis=0))  # not of the sum, which may overflow float16


# ------------------------------------------------------------------------------------------ regression losses


class MeanSquaredError(Function):
    """Sum of squared differences, divided by the length of the first axis."""

    reads_outputs = False

    def forward(self, x0: Array, x1: Array) -> Any:
        k = kernels(x0)
        diff = k.sub(x0, x1)
        return k.sum(k.mul(diff, diff), None, False) / len(diff)

    def backward(self, gy: Variable) -> Any:
        x0, x1 = self.inputs
        needs0, needs1 = self.needs_input_grad
        if not needs0:
            return None, MeanSquaredErrorGrad()(x1, x0, gy)
        gx0 = MeanSquaredErrorGrad()(x0, x1, gy)
        return gx0, -gx0 if needs1 else None


class MeanSquaredErrorGrad(Function):
    """Gradient of MeanSquaredError with respect to x0: (x0 - x1) * gy * 2 / N.

    Example:
        >>> MeanSquaredErrorGrad()(np.array([[1.0], [4.0]]), np.array([[0.0], [0.0]]), np.array(1.0))
        variable([[1.]
                  [4.]])
    """

    reads_outputs = False

    def forward(self, x0: Array, x1: Array, gy: Array) -> Any:
        k = kernels(x0)
        return k.mul(k.sub(x0, x1), k.mul(gy, 2.0 / len(x0)))

    def backward(self, ggx: Variable) -> Any:
        x0, x1, gy = self.inputs
        factor = 2.0 / len(x0)
        gx0 = ggx * (gy * factor)
        gx1 = -gx0 if self.needs_input_grad[1] else None
        return gx0, gx1, sum(ggx * (x0 - x1)) * factor if self.needs_input_grad[2] else None


def mean_squared_error(x0: Any, x1: Any, reduction: str = "batchmean") -> Variable:
    """Sum of (x0 - x1) ** 2, by default divided by the length of the first axis (book step 42).

    Args:
        x0, x1: Variables or arrays of the same shape (N, ...), except for leading axes of length 1. Integers
            and bools become floats: of the other's dtype, or float64.
        reduction: "batchmean" for DeZero's; "mean" of all elements, as in PyTorch; "sum"; "none".

    Returns:
        The loss, with the wider of the two dtypes; 0-d except with "none". Each gradient has the dtype of its
        input.

    Raises:
        ValueError: the shapes differ (broadcasting is most likely a mistake); or there is no element to take
            a mean of; or `reduction` is none of these, or "batchmean" of 0-d arrays.

    Example:
        >>> mean_squared_error(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
        variable(2.0)
    """
    x0, x1 = _same_shape(x0, x1, reduction)
    if x0._data.dtype.itemsize == x1._data.dtype.itemsize == 2:  # float16
        return _in_float32(mean_squared_error, x0, x1, reduction)
    if reduction == "batchmean" and x0._data.ndim:
        return MeanSquaredError()(x0, x1)
    difference = sub(x0, x1)
    return reduced(difference * difference, reduction)


def _in_float32(loss: Callable[..., Variable], x0: Variable, x1: Variable, *settings: Any) -> Variable:
    """A loss of float16, whose squares may overflow."""
    return cast(loss(cast(x0, np.float32), cast(x1, np.float32), *settings), np.float16)


def _same_shape(
    x0: Any, x1: Any, reduction: str, names: tuple[str, str] = ("x0", "x1")
) -> tuple[Variable, Variable]:
    """Check that the shapes are equal but for leading axes of length 1, and make them equal; cast to floats.

    Without elements there is no mean. Differences of unsigned integers would wrap around.
    """
    name0, name1 = names
    x0, x1 = as_input(x0, name0), as_input(x1, name1)
    m, n = x0.shape, x1.shape
    if (0 in m or 0 in n) and reduction not in WITHOUT_MEAN:
        raise ValueError(_no_mean(name0, name1, reduction, m, n))
    if x0._data.dtype.kind != "f" or x1._data.dtype.kind != "f":
        x0 = as_floats(x0, x1.dtype if x1.dtype.kind == "f" else np.float64, name0)
        x1 = as_floats(x1, x0.dtype, name1)
    if m == n:
        return x0, x1
    if _without_leading_ones(m) != _without_leading_ones(n):
        raise ValueError(f"{name0} and {name1} must have the same shape; got {m} and {n}")
    shape = max(m, n, key=len)
    return reshape(x0, shape), reshape(x1, shape)


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def _without_leading_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Remove leading axes of length 1, the only ones that may be broadcast here."""
    return _without_leading_ones(shape[1:]) if shape[:1] == (1,) else shape


def mean_squared_error_simple(x0: Any, x1: Any) -> Variable:
    """`mean_squared_error` composed of other Functions; the shapes may broadcast (book step 42).

    Example:
        >>> import numpy as np
        >>> mean_squared_error_simple(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
        variable(2.0)
    """
    difference = sub(x0, x1)
    return sum(difference**2) / len(difference)


def l1_loss(x0: Any, x1: Any, reduction: str = "mean") -> Variable:
    """Mean absolute error, |x0 - x1|; the gradient where they are equal is 0.

    Args:
        x0, x1: as in `mean_squared_error`.
        reduction: "mean" of all elements, "batchmean", "sum" or "none", see `mean_squared_error`.

    Raises:
        ValueError: as in `mean_squared_error`.

    Source: PyTorch's l1_loss.

    Example:
        >>> l1_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
        variable(1.0)
    """
    return reduced(abs(sub(*_same_shape(x0, x1, reduction))), reduction)


class Huber(Function):
    """Huber loss of differences, element-wise."""

    reads_outputs = False

    def __init__(self, delta: float) -> None:
        self.delta = float(delta)

    def forward(self, difference: Array) -> Any:
        k = kernels(difference)
        near = k.minimum(k.maximum(difference, -self.delta), self.delta)
        return k.mul(near, k.sub(difference, k.mul(near, 0.5)))

    def backward(self, gy: Variable) -> Any:
        return gy * clip(self.inputs[0], -self.delta, self.delta)


def huber_loss(x0: Any, x1: Any, delta: float = 1.0, reduction: str = "mean") -> Variable:
    """d * d / 2 for differences d = x0 - x1 up to delta, and delta * (|d| - delta / 2) for larger ones.

    Args:
        x0, x1: as in `mean_squared_error`.
        delta: a number above 0.
        reduction: as in `l1_loss`.

    Raises:
        TypeError: `delta` is not a number.
        ValueError: as in `mean_squared_error`, or `delta` is not above 0.

    Source: Huber 1964; PyTorch's huber_loss.

    Example:
        >>> huber_loss(np.array([1.0, 2.0]), np.array([1.5, 4.0]), reduction="none")
        variable([0.125 1.5  ])
    """
    above_zero(delta, "delta")
    x0, x1 = _same_shape(x0, x1, reduction)
    if x0._data.dtype.itemsize == x1._data.dtype.itemsize == 2:  # float16
        return _in_float32(huber_loss, x0, x1, delta, reduction)
    return reduced(Huber(delta)(sub(x0, x1)), reduction)


# ------------------------------------------------------------------------------------ losses of probabilities


class SigmoidCrossEntropy(Function):
    """Cross entropy of sigmoid(x) and t, element-wise."""

    reads_outputs = False

    def forward(self, x: Array, t: Array) -> Any:
        k = kernels(x)
        # Equal to -t log p - (1 - t) log(1 - p) with p = sigmoid(x), without overflow: `other` is the
        # probability of the label that the sign of x is against.
        size, other = k.abs(x), k.where(k.greater(x, 0), k.sub(1, t), t)
        certain = k.where(k.equal(other, 0), 0, size)  # infinity times 0 would be NaN
        return k.add(k.mul(certain, other), k.log1p(k.exp(k.neg(size))))

    def backward(self, gy: Variable) -> Any:
        x, t = self.inputs
        gx = gy * (sigmoid(x) - t) if self.needs_input_grad[0] else None
        gt = gy * -x if self.needs_input_grad[1] else None
        return gx, gt


def sigmoid_cross_entropy(x: Any, t: Any, reduction: str = "batchmean") -> Variable:
    """Cross entropy of sigmoid(x) and t; by default its sum divided by the length of the first axis.

    Args:
        x: scores of shape (N, ...).
        t: probabilities, or labels 0 and 1, of the same shape, except for axes of length 1. Their range is
            not checked, as in PyTorch.
        reduction: "batchmean" for DeZero's; "mean" of all elements, as in PyTorch; "sum"; "none".

    Returns:
        The loss, with the dtype of x, or of t if that is a wider float; 0-d, or with "none" of x's shape. An
        infinite score has a loss of 0 where it agrees with t, otherwise an infinite one. The gradient of x
        has the dtype of x.

    Raises:
        TypeError: x or t holds no real numbers.
        ValueError: x and t differ in size; or there is no element to take a mean of; or `reduction` is none
            of these, or "batchmean" of 0-d arrays.

    Example:
        >>> sigmoid_cross_entropy(np.array([[0.0], [1000.0]]), np.array([[1.0], [1.0]]))
        variable(0.34657359027997264)
    """
    return reduced(SigmoidCrossEntropy()(*_targets(as_floats(x), t, reduction, "x")), reduction)


def binary_cross_entropy(p: Any, t: Any, reduction: str = "batchmean") -> Variable:
    """Cross entropy of the probabilities p and t.

    p is clipped to [eps, 1 - eps], with the eps of its dtype, since the logarithm of 0 is infinite. Prefer
    `sigmoid_cross_entropy`, which takes scores and does not clip.

    Args:
        p: probabilities of shape (N, ...).
        t: probabilities, or labels 0 and 1, of the same shape, except for axes of length 1.
        reduction: as in `sigmoid_cross_entropy`.

    Returns:
        The loss, with the shape and dtype that `sigmoid_cross_entropy` returns.

    Raises:
        TypeError: p is not floating point.
        ValueError: as in `sigmoid_cross_entropy`, or p or t on the CPU is not from 0 to 1.

    Example:
        >>> binary_cross_entropy(np.array([0.5, 0.9]), np.array([1, 1]))
        variable(0.399253848...)
    """
    p, t = _targets(as_input(p, "p"), t, reduction, "p")
    check_floats(p, "p")
    for name, x, hint in (("p", p, ": for scores use sigmoid_cross_entropy"), ("t", t, "")):
        values: Array = x.data
        kernels(values).check_probabilities(values, name, hint)
    eps = float(np.finfo(p.dtype).eps)
    p = clip(p, eps, 1 - eps)
    return reduced(-(t * log(p) + (1 - t) * log(1 - p)), reduction)


def _targets(x: Variable, t: Any, reduction: str, name: str) -> tuple[Variable, Variable]:
    """Return x and t as Variables, t reshaped like x and, unless floating point, cast to x's dtype."""
    t = as_floats(t, x.dtype, "t")
    if _without_ones(x.shape) != _without_ones(t.shape):
        raise ValueError(
            f"{name} and t must have the same shape, except for axes of length 1; got {x.shape} and {t.shape}"
        )
    if x.size == 0 and reduction not in WITHOUT_MEAN:
        raise ValueError(_no_mean(name, "t", reduction, x.shape, t.shape))
    return x, reshape(t, x.shape)


def _no_mean(name0: str, name1: str, reduction: str, m: tuple[int, ...], n: tuple[int, ...]) -> str:
    return (
        f"{name0} and {name1} must have at least one element for the reduction {reduction!r}; got shapes {m} "
        f"and {n}"
    )


def kl_div(x: Any, t: Any, reduction: str = "mean", log_target: bool = False) -> Variable:
    """Kullback-Leibler divergence of the distribution t from the distribution exp(x): t * (log(t) - x).

    Args:
        x: logarithms of probabilities, (N, ...).
        t: probabilities of the same shape; 0 contributes 0, also where x is -inf.
        reduction: "batchmean", the sum divided by N, is the divergence of a batch of distributions; "mean" of
            all elements, "sum" or "none".
        log_target: t are logarithms of probabilities too.

    Raises:
        ValueError: as in `mean_squared_error`.

    Source: PyTorch's kl_div.

    Example:
        >>> kl_div(np.log([[0.5, 0.5]]), np.array([[1.0, 0.0]]), reduction="batchmean")
        variable(0.6931471805599453)
    """
    x, t = _same_shape(x, t, reduction, ("x", "t"))
    p = exp(t) if boolean(log_target, "log_target") else t
    absent = p.data == 0  # where log(p) and x may be -inf
    log_p = where(absent, 0, t) if log_target else log(where(absent, 1, p))
    return reduced(p * (log_p - where(absent, 0, x)), reduction)
