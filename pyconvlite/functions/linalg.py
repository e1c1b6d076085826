"""Matrix products."""

from __future__ import annotations

from typing import Any

from .._shapes import Array
from ..autograd import Function, Variable, as_input
from ..backends import kernels
from .reduction import sum_to
from .shape import expand_dims, reshape, transpose


class MatMul(Function):
    """Matrix product over the last two axes; the leading axes broadcast."""

    reads_outputs = False

    def forward(self, x: Array, W: Array) -> Any:
        return kernels(x).matmul(x, W)

    def backward(self, gy: Variable) -> Any:
        x, W = self.inputs
        gx = sum_to(matmul(gy, _swap(W)), x.shape) if self.needs_input_grad[0] else None
        gW = sum_to(matmul(_swap(x), gy), W.shape) if self.needs_input_grad[1] else None
        return gx, gW


def _swap(x: Variable) -> Variable:
    return transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def matmul(x: Any, W: Any) -> Variable:
    """Matrix product of x (..., M, K) and W (..., K, N), as in `numpy.matmul` (book step 41).

    The leading axes broadcast. A 1-d x is treated as a row and a 1-d W as a column; the added axis is removed
    from the result.

    Raises:
        ValueError: an operand is 0-d, the inner sizes differ, or the leading axes do not broadcast.

    Example:
        >>> import numpy as np
        >>> matmul(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
        variable([[11.]])
    """
    x, W = as_input(x), as_input(W)
    inner = W.shape[-2:-1] if W.ndim > 1 else W.shape
    leading = zip(reversed(x.shape[:-2]), reversed(W.shape[:-2]), strict=False)
    if x.ndim == 0 or x.shape[-1:] != inner or any(m != n and 1 not in (m, n) for m, n in leading):
        raise ValueError(
            "matmul needs x (..., M, K) and W (..., K, N) with the same K, and leading axes that broadcast; "
            f"got shapes {x.shape} and {W.shape}"
        )
    y: Variable = MatMul()(expand_dims(x, 0) if x.ndim == 1 else x, expand_dims(W, 1) if W.ndim == 1 else W)
    if W.ndim == 1:
        y = reshape(y, y.shape[:-1])
    if x.ndim == 1:
        y = reshape(y, y.shape[:-2] + y.shape[y.ndim - 1 :] if W.ndim > 1 else y.shape[:-1])
    return y


class Linear(Function):
    """Fully connected layer: x W + b."""

    reads_outputs = False

    def forward(self, x: Array, W: Array, b: Array | None) -> Any:
        y = kernels(x).matmul(x, W)
        if b is not None:
            y += b
        return y

    def backward(self, gy: Variable) -> Any:
        x, W, b = self.inputs
        gx = matmul(gy, W.T) if self.needs_input_grad[0] else None
        gW = matmul(x.T, gy) if self.needs_input_grad[1] else None
        gb = sum_to(gy, b.shape) if self.needs_input_grad[2] else None
        return gx, gW, gb


def linear(x: Any, W: Any, b: Any = None) -> Variable:
    """Fully connected layer: x W + b (book step 43).

    Args:
        x: input of shape (N, in).
        W: weight of shape (in, out).
        b: bias of shape (out,), or None.

    Returns:
        A Variable of shape (N, out).

    Raises:
        ValueError: the shapes do not match.

    Example:
        >>> import numpy as np
        >>> linear(np.ones((1, 3)), np.ones((3, 2)), np.array([0.0, 1.0]))
        variable([[3. 4.]])
    """
    x, W, b = as_input(x), as_input(W), as_input(b)
    if x.ndim != 2 or W.ndim != 2 or x.shape[1] != W.shape[0]:
        hint = "; use F.flatten(x)" if x.ndim > 2 else ""
        raise ValueError(
            f"linear needs x (N, in) and W (in, out) with the same `in`; got {x.shape} and {W.shape}{hint}"
        )
    if b.data is not None and b.shape != (W.shape[1],):
        raise ValueError(f"b must have shape ({W.shape[1]},), one element per column of W; got {b.shape}")
    return Linear()(x, W, b)


def linear_simple(x: Any, W: Any, b: Any = None) -> Variable:
    """`linear` composed of other Functions (book step 43).

    Example:
        >>> import numpy as np
        >>> linear_simple(np.ones((1, 3)), np.ones((3, 2)), np.array([0.0, 1.0]))
        variable([[3. 4.]])
    """
    y = matmul(x, W)
    return y if b is None else y + b
