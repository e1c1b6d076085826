"""Matrix products."""

from __future__ import annotations

from typing import Any

from .._shapes import Array
from ..autograd import Function, Variable, as_input
from ..backends import kernels
from .reduction import sum_to
from .shape import expand_dims, reshape, transpose


class MatMul(Function):
    """Matrix product over the last two axes; the others broadcast."""

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
    """Matrix product of x (..., M, K) and W (..., K, N), as `numpy.matmul` has it.

    Leading axes broadcast; an x (K,) counts as one row, a W (K,) as one column, and its axis drops out.

    Raises:
        ValueError: an operand without axes, or inner sizes that differ.

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
            "matmul needs x (..., M, K) and W (..., K, N) with one K, and leading axes that broadcast; "
            f"got {x.shape} and {W.shape}"
        )
    y: Variable = MatMul()(expand_dims(x, 0) if x.ndim == 1 else x, expand_dims(W, 1) if W.ndim == 1 else W)
    if W.ndim == 1:
        y = reshape(y, y.shape[:-1])
    if x.ndim == 1:
        y = reshape(y, y.shape[:-2] + y.shape[y.ndim - 1 :] if W.ndim > 1 else y.shape[:-1])
    return y


class Linear(Function):
    """Fully connected layer: x W + b."""

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
        x: (N, in).
        W: (in, out).
        b: (out,), or None.

    Returns:
        (N, out).

    Raises:
        ValueError: shapes that do not fit.

    Example:
        >>> import numpy as np
        >>> linear(np.ones((1, 3)), np.ones((3, 2)), np.array([0.0, 1.0]))
        variable([[3. 4.]])
    """
    x, W, b = as_input(x), as_input(W), as_input(b)
    if x.ndim != 2 or W.ndim != 2 or x.shape[1] != W.shape[0]:
        hint = "; F.flatten(x) makes images rows" if x.ndim > 2 else ""
        raise ValueError(
            f"linear needs x (N, in) and W (in, out) with one `in`; got {x.shape} and {W.shape}{hint}"
        )
    if b.data is not None and b.shape != (W.shape[1],):
        raise ValueError(f"b must have the shape ({W.shape[1]},), one number per output; got {b.shape}")
    return Linear()(x, W, b)


def linear_simple(x: Any, W: Any, b: Any = None) -> Variable:
    """`linear` built of other Functions (book step 43).

    Example:
        >>> import numpy as np
        >>> linear_simple(np.ones((1, 3)), np.ones((3, 2)), np.array([0.0, 1.0]))
        variable([[3. 4.]])
    """
    y = matmul(x, W)
    return y if b is None else y + b
