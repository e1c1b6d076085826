"""Matrix products."""

from __future__ import annotations

import math
from typing import Any

from .._shapes import Array
from ..autograd import Function, Variable, as_input
from ..backends import kernels
from .shape import expand_dims, reshape, squeeze


class MatMul(Function):
    """Matrix product over the last two axes, of each operand or its transpose; the leading axes broadcast."""

    reads_outputs = False
    broadcasts = True

    def __init__(self, transposed: tuple[bool, bool] = (False, False)) -> None:
        self.transposed = transposed

    def forward(self, x: Array, W: Array) -> Any:
        transpose_x, transpose_W = self.transposed
        x = x.swapaxes(-1, -2) if transpose_x else x
        return kernels(x).matmul(x, W.swapaxes(-1, -2) if transpose_W else W)

    def backward(self, gy: Variable) -> Any:
        x, W = self.inputs
        transpose_x, transpose_W = self.transposed
        gx = gW = None
        if self.needs_input_grad[0]:  # of y = x W: gy W^T; of y = x^T W: (gy W^T)^T = W gy^T
            gx = (
                MatMul((transpose_W, True))(W, gy) if transpose_x else MatMul((False, not transpose_W))(gy, W)
            )
        if self.needs_input_grad[1]:  # of y = x W: x^T gy; of y = x W^T: (x^T gy)^T = gy^T x
            gW = (
                MatMul((True, transpose_x))(gy, x) if transpose_W else MatMul((not transpose_x, False))(x, gy)
            )
        return gx, gW


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
    x, W = as_input(x, "x"), as_input(W, "W")
    m, n = x.shape, W.shape
    if not m or not n or m[-1] != n[-2 if len(n) > 1 else 0] or not _broadcast(m[:-2], n[:-2]):
        raise ValueError(
            "matmul needs x (..., M, K) and W (..., K, N) with the same K, and leading axes that broadcast; "
            f"got shapes {m} and {n}"
        )
    y: Variable = MatMul()(expand_dims(x, 0) if len(m) == 1 else x, expand_dims(W, 1) if len(n) == 1 else W)
    added = (-2,) * (len(m) == 1) + (-1,) * (len(n) == 1)
    return squeeze(y, added) if added else y


def _broadcast(m: tuple[int, ...], n: tuple[int, ...]) -> bool:
    pairs = zip(reversed(m), reversed(n), strict=False)
    return not m or not n or all(i == j or 1 in (i, j) for i, j in pairs)


class Linear(Function):
    """Fully connected layer: x W + b."""

    reads_outputs = False
    broadcasts = True

    def forward(self, x: Array, W: Array, b: Array | None) -> Any:
        return kernels(x).linear(x, W, b)

    def backward(self, gy: Variable) -> Any:
        x, W, _ = self.inputs
        gx = MatMul((False, True))(gy, W) if self.needs_input_grad[0] else None
        gW = MatMul((True, False))(x, gy) if self.needs_input_grad[1] else None
        return gx, gW, gy


def linear(x: Any, W: Any, b: Any = None) -> Variable:
    """Fully connected layer: x W + b (book step 43).

    Args:
        x: input of shape (N, in), or with more axes before `in`, such as a sequence (T, N, in).
        W: weight of shape (in, out).
        b: bias of shape (out,) or (1, out), or None.

    Returns:
        A Variable of x's shape, with `out` in place of `in`.

    Raises:
        ValueError: the shapes do not match.

    Example:
        >>> import numpy as np
        >>> linear(np.ones((1, 3)), np.ones((3, 2)), np.array([0.0, 1.0]))
        variable([[3. 4.]])
        >>> linear(np.ones((5, 4, 3)), np.ones((3, 2))).shape
        (5, 4, 2)
    """
    x, W, b = as_input(x, "x"), as_input(W, "W"), as_input(b)
    m, n = x.shape, W.shape
    if len(m) < 2 or len(n) != 2 or m[-1] != n[0]:
        hint = ""
        if len(n) == 2 and m == n[:1]:
            hint = "; use x.reshape(1, -1)"
        elif len(n) == 2 and len(m) == n[0] == 1:
            hint = "; use x.reshape(-1, 1)"
        elif len(n) == 2 and len(m) > 1 and math.prod(m[1:]) == n[0]:
            hint = "; use F.flatten(x)"
        raise ValueError(
            f"linear needs x (N, in) or (..., N, in), and W (in, out) with the same `in`; got {m}, {n}{hint}"
        )
    if len(m) > 2:
        rows = reshape(x, (math.prod(m[:-1]), m[-1]))
        return reshape(linear(rows, W, b), (*m[:-1], n[1]))
    if b._data is not None and b._data.shape != n[1:]:
        if b._data.shape != (1, n[1]):
            raise ValueError(f"b must have shape ({n[1]},), one element per column of W; got {b.shape}")
        b = reshape(b, n[1:])
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
