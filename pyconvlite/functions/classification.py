"""Cross entropy of class scores and labels or probabilities, and accuracy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._arguments import fraction, integer, one_of
from .._shapes import Array, check_axes
from ..autograd import Function, Variable, as_input, as_variable
from ..backends import get_array_module, kernels, to_device_of
from .casts import as_floats, cast, check_floats
from .indexing import get_item
from .loss import REDUCTIONS, WITHOUT_MEAN, reduced
from .math import log
from .reduction import mean, sum
from .selection import clip, where
from .shape import reshape
from .softmax import log_softmax, softmax


class SoftmaxCrossEntropy(Function):
    """Mean cross entropy of softmax(x) and one-hot labels."""

    reads_outputs = False

    def forward(self, x: Array, t: Array) -> Any:
        loss, self.gx = kernels(x).softmax_cross_entropy(x, t)
        return loss

    def backward(self, gy: Variable) -> Any:
        x, t = self.inputs
        return SoftmaxCrossEntropyGrad(self.gx)(x, t, gy), None


class SoftmaxCrossEntropyGrad(Function):
    """Gradient of softmax cross entropy with respect to x: (softmax(x) - one-hot labels) * gy / labels.size.

    Args:
        gx: the gradient for gy = 1, an array.

    Example:
        >>> gx = np.array([[0.5, -0.5]])
        >>> SoftmaxCrossEntropyGrad(gx)(np.array([[0.0, 0.0]]), np.array([1]), np.array(3.0))
        variable([[ 1.5 -1.5]])
    """

    reads_outputs = False

    def __init__(self, gx: Array) -> None:
        self.gx = gx

    def forward(self, x: Array, t: Array, gy: Array) -> Any:
        return kernels(gy).mul(self.gx, gy)

    def backward(self, ggx: Variable) -> Any:
        x, t, gy = self.inputs
        p = softmax(x)
        average = sum(ggx * p, axis=1, keepdims=True)  # of ggx, weighted by p
        gx = p * (ggx - average) * (gy * (1.0 / t.size)) if self.needs_input_grad[0] else None
        ggy = None
        if self.needs_input_grad[2]:
            ggy = (sum(average) - sum(_of_class(ggx, t.data))) * (1.0 / t.size)
        return gx, None, ggy


def softmax_cross_entropy(
    x: Any,
    t: Any,
    weight: Any = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Variable:
    """-log softmax(x)[t], by default its mean over the batch (book step 47).

    Args:
        x: scores of shape (N, classes), or (N, classes, ...) with further axes, such as the pixels of images.
        t: labels, integers from 0 to classes - 1, of shape (N,) or (N, 1), or (N, ...) with the further axes;
            or probabilities of the classes, floats in the shape of x.
        weight: weights of the classes, of shape (classes,); they get no gradient.
        ignore_index: elements with this label count neither in the loss nor in the mean.
        label_smoothing: share of the target that is spread evenly over all classes, from 0 to 1.
        reduction: "mean" of all elements, for labels weighted by `weight`; "batchmean", the sum divided by N;
            "sum"; or "none".

    Returns:
        The loss, 0-d; with "none" an element for each label. The mean is nan if all labels are ignored, and
        its gradient 0.

    Raises:
        TypeError: the labels are not integers, or the probabilities not floats; or an option has the wrong
            type.
        ValueError: the shapes do not match, there is no element to take a mean of, a label is out of range,
            or an option is invalid.

    Example:
        >>> softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
        variable(0.6931471805599453)
        >>> softmax_cross_entropy(np.array([[0.0, 0.0], [9.0, 0.0]]), np.array([1, -1]), ignore_index=-1)
        variable(0.6931471805599453)
    """
    x, t = as_floats(x), as_input(t, "t")
    label_smoothing = float(fraction(label_smoothing, "label_smoothing"))  # np.float64 would widen float32
    alike = t._data.shape == x._data.shape and x.ndim > 1
    if alike and t.dtype.kind == "f":
        if ignore_index is not None:
            raise ValueError("ignore_index is for labels; t holds probabilities, as it has the shape of x")
        _check_elements(x, t, "x", reduction)
        return _of_probabilities(log_softmax(x), t, weight, label_smoothing, reduction)
    if alike and x.shape[1] > 1:
        raise TypeError(
            f"t must hold floats if it has the shape of x, {x.shape}, as it then holds probabilities; got "
            f"{t.dtype}: convert it with t.astype(x.dtype), or pass labels, t.argmax(axis=1)"
        )
    labels = _labels(x, t, "x", reduction)
    if weight is None and ignore_index is None and label_smoothing == 0 and reduction == "mean":
        return SoftmaxCrossEntropy()(x, as_input(labels))
    return _of_labels(log_softmax(x), labels, weight, ignore_index, label_smoothing, reduction)


def nll_loss(
    x: Any, t: Any, weight: Any = None, ignore_index: int | None = None, reduction: str = "mean"
) -> Variable:
    """Negative log likelihood, -x[t]: the cross entropy of log probabilities, as from `log_softmax`.

    Args:
        x: logarithms of probabilities, of shape (N, classes) or (N, classes, ...).
        t: labels, as in `softmax_cross_entropy`.
        weight, ignore_index, reduction: as in `softmax_cross_entropy`.

    Raises:
        TypeError: x is not floating point; or as in `softmax_cross_entropy`.
        ValueError: as in `softmax_cross_entropy`.

    Source: PyTorch's nll_loss.

    Example:
        >>> nll_loss(np.log([[0.25, 0.75]]), np.array([0]))
        variable(1.3862943611198906)
    """
    x, t = as_input(x, "x"), as_input(t, "t")
    check_floats(x)
    return _of_labels(x, _labels(x, t, "x", reduction), weight, ignore_index, 0.0, reduction)


def _of_labels(
    log_p: Variable, labels: Array, weight: Any, ignore_index: int | None, smoothing: float, reduction: str
) -> Variable:
    """Cross entropy of log probabilities and labels of shape (N, ...)."""
    one_of(reduction, "reduction", REDUCTIONS)
    if log_p.dtype == np.float16:  # which the gradients of a mean are too small for
        wide = cast(log_p, np.float32)
        return cast(_of_labels(wide, labels, weight, ignore_index, smoothing, reduction), np.float16)
    labels = to_device_of(log_p, labels)
    xp = get_array_module(labels)
    C: int = log_p.shape[1]
    kept = xp.ones_like(labels, dtype=bool)
    if ignore_index is not None:
        kept = labels != integer(ignore_index, "ignore_index")
        labels = xp.where(kept, labels, 0)
    kernels(labels).check_indexes(labels, C, "labels in t, except ignore_index,")
    counted_weights = kept.astype(log_p.dtype)
    weights = _class_weights(log_p, weight)
    if weight is not None:
        counted_weights = counted_weights * weights.reshape(-1)[labels]
    loss = -_times(_of_class(log_p, labels), as_input(counted_weights * (1 - smoothing)))
    if smoothing:
        evenly = xp.full((C, *[1] * (log_p.ndim - 2)), smoothing / C, log_p.dtype) * weights
        loss = loss - sum(_times(log_p, as_input(evenly)), axis=1)
    if ignore_index is not None:
        loss = where(kept, loss, 0)  # 0 times nan would be nan
    if reduction == "mean":
        counted: Array = counted_weights.mean()
        none = counted == 0  # then the mean is nan, but its gradient 0, so that weights do not become nan
        nan: Array = xp.where(none, counted * np.nan, counted * 0)
        loss = mean(loss) / (counted + none.astype(log_p.dtype))
        return loss + as_input(nan)  # type: ignore[no-any-return]
    return reduced(loss, reduction)


def _of_class(x: Variable, labels: Array) -> Variable:
    """x[n, labels[n, ...], ...] for x of shape (N, C, ...)."""
    xp, (N, C), S = get_array_module(labels), x.shape[:2], math.prod(x.shape[2:])
    at = (xp.arange(N)[:, None] * C + labels.reshape(N, S)) * S + xp.arange(S)
    return reshape(get_item(reshape(x, (x.size,)), at.reshape(-1)), labels.shape)


def _of_probabilities(
    log_p: Variable, t: Variable, weight: Any, smoothing: float, reduction: str
) -> Variable:
    """Cross entropy of log probabilities and probabilities, both (N, C, ...)."""
    target = t if smoothing == 0 else t * (1 - smoothing) + smoothing / log_p.shape[1]
    loss = -sum(_times(log_p, target * _class_weights(log_p, weight)), axis=1)
    return reduced(loss, reduction)


def _times(log_p: Variable, target: Variable) -> Variable:
    """target * log_p, where 0 * -inf is 0."""
    absent = (target.data == 0) & (log_p.data == -np.inf)
    return where(absent, 0, log_p) * target


def _class_weights(log_p: Variable, weight: Any) -> Any:
    """The weights of the classes, to multiply with arrays of shape (N, C, ...)."""
    if weight is None:
        return 1
    weight, C = as_floats(weight, log_p.dtype, "weight"), log_p.shape[1]
    if weight.shape != (C,):
        raise ValueError(f"weight must have shape ({C},), one element for each class; got {weight.shape}")
    given: Array = to_device_of(log_p, weight.data)
    return given.astype(log_p.dtype).reshape(-1, *[1] * (log_p.ndim - 2))


def softmax_cross_entropy_simple(x: Any, t: Any) -> Variable:
    """`softmax_cross_entropy` of (N, classes) scores, composed of other Functions (book step 47).

    Example:
        >>> import numpy as np
        >>> softmax_cross_entropy_simple(np.array([[0.0, 0.0]]), np.array([1])).data.round(6)
        np.float64(0.693147)
    """
    x, t = as_input(x, "x"), as_input(t, "t")
    check_axes(x.shape, "(N, classes)")
    labels = _labels(x, t, "x")
    classes: int = x.shape[1]
    kernels(labels).check_indexes(labels, classes, "labels in t")
    p = softmax(x)
    p = clip(p, np.finfo(p.dtype).tiny, 1)  # avoids log(0) and its infinite gradient
    N = len(x)
    return sum(log(p)[np.arange(N), labels]) / -N


def accuracy(y: Any, t: Any) -> Variable:
    """Fraction of rows whose highest score is that of the label; it has no gradient (book step 51).

    Args:
        y: scores of shape (N, classes) or (N, classes, ...).
        t: labels, as in `softmax_cross_entropy`.

    Returns:
        A 0-d Variable from 0 to 1, float32 for float16 and float32 scores, otherwise float64.

    Raises:
        TypeError, ValueError: as in `softmax_cross_entropy`.

    Example:
        >>> import numpy as np
        >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
        variable(0.5)
    """
    y, t = as_input(y, "y"), as_input(t, "t")
    labels = _labels(y, t, "y")
    classes: int = y.shape[1]
    kernels(labels).check_indexes(labels, classes, "labels in t")
    hits = y.data.argmax(axis=1) == labels
    dtype = np.promote_types(y.dtype, np.float32) if y.dtype.kind == "f" else np.float64
    return as_variable(hits.mean().astype(dtype))


def _labels(x: Variable, t: Variable, name: str, reduction: str = "mean") -> Array:
    """Return the labels as an array of shape (N, ...); a kernel checks their range."""
    m, n = x._data.shape, t._data.shape
    shape = m[:1] + m[2:]
    if len(m) < 2 or (n != shape and (len(m) > 2 or n != (*shape, 1))):
        flat = n and n == m[:-1] and m[-1]
        last = f"; use {name}.reshape(-1, {m[-1]}) and t.reshape(-1)" if flat else ""
        raise ValueError(
            f"{name} must be (N, classes) and t (N,) with the same N, or {name} (N, classes, ...) and "
            f"t (N, ...); got {m} and {n}{last}"
        )
    if t._data.dtype.kind not in "iu":
        raise TypeError(
            f"t must hold integers, the class index of each row; got {t.dtype}: convert it with t.astype(int)"
        )
    _check_elements(x, t, name, reduction)
    labels: Array = t._data if n == shape else t._data.reshape(shape)
    return labels


def _check_elements(x: Variable, t: Variable, name: str, reduction: str) -> None:
    if 0 in x._data.shape and (x.shape[1] == 0 or reduction not in WITHOUT_MEAN):
        raise ValueError(f"{name} must not be empty; got shapes {x.shape} and {t.shape}")
