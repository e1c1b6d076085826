"""LSTM and GRU: one step, or all steps of a sequence in one operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .._shapes import Array
from ..autograd import Function, Variable, as_input, grad
from ..backends import get_array_module, kernels
from ..config import Config
from ._second_order import second_gradients
from .activation import sigmoid
from .linalg import matmul
from .math import tanh
from .shape import split, stack

T = TypeVar("T", Array, Variable)


class JoinWeights(Function):
    """The weights of all gates in one matrix: its rows are Wx, Wh and the biases, its columns the gates.

    Args:
        gates: number of gates; a call takes a matrix for each and x, one for each and h, and one or more
            biases for each, None for 0.

    Example:
        >>> import numpy as np
        >>> Wx, Wh, b = np.full((2, 1), 1.0), np.full((1, 1), 2.0), np.full(1, 3.0)
        >>> JoinWeights(2)(Wx, Wx, Wh, Wh, b, None)
        variable([[1. 1.]
                  [1. 1.]
                  [2. 2.]
                  [3. 0.]])
    """

    reads_inputs = reads_outputs = False

    def __init__(self, gates: int) -> None:
        self.gates = gates

    def forward(self, *parts: Array | None) -> Any:
        Wx: Any = parts[0]
        H = Wx.shape[1]
        rows = len(Wx) + H + len(parts) // self.gates - 2
        W = get_array_module(Wx).zeros((rows, self.gates * H), Wx.dtype)
        for part, where in zip(parts, self._blocks(parts), strict=True):
            if part is not None:
                W[where] = part
        return W

    def backward(self, gW: Variable) -> Any:
        return tuple([gW[where] for where in self._blocks(self.inputs)])

    def _blocks(self, parts: Sequence[Any]) -> list[Any]:
        """The index of each part in the matrix."""
        n, (rows, H) = self.gates, parts[0].shape
        heights = [slice(rows), slice(rows, rows + H), *range(rows + H, rows + H + len(parts) // n - 2)]
        return [(height, slice(j * H, (j + 1) * H)) for height in heights for j in range(n)]


class _Gradient(Function):
    """Base of LSTMGrad and GRUGrad, with what the kernel returned."""

    reads_outputs = False

    def __init__(self, saved: tuple[Array, Array, Array], needs_gx: bool) -> None:
        self.saved = saved
        self.needs_gx = needs_gx


class LSTM(Function):
    """The operation of `lstm`, with h and c given."""

    def forward(self, x: Array, h: Array, c: Array, W: Array) -> Any:
        hs, cs, gates = kernels(x).lstm(_steps(x), h, c, W)
        if Config.enable_backprop:
            self.saved = hs, cs, gates
        return _of_steps(hs[1:], x), cs[-1]

    def backward(self, gh: Variable, gc: Variable) -> Any:
        grads: Any = LSTMGrad(self.saved, self.needs_input_grad[0])(*self.inputs, gh, gc)
        return grads if self.needs_input_grad[0] else (None, *grads)


class LSTMGrad(_Gradient):
    """Gradients of LSTM with respect to x (if needed), h, c and W.

    Example:
        >>> import numpy as np
        >>> x, state, W = np.ones((5, 2, 3)), np.zeros((2, 1)), np.ones((5, 4))
        >>> f = LSTM()
        >>> hs, c = f(x, state, state, W)
        >>> [g.shape for g in LSTMGrad(f.saved, True)(x, state, state, W, hs, c)]
        [(5, 2, 3), (2, 1), (2, 1), (5, 4)]
    """

    def forward(self, x: Array, h: Array, c: Array, W: Array, gh: Array, gc: Array) -> Any:
        gx, *grads = kernels(x).lstm_grad(_steps(x), W, *self.saved, _steps(gh), gc, self.needs_gx)
        return grads if gx is None else (gx.reshape(x.shape), *grads)

    def backward(self, *ggs: Variable) -> Any:
        return _second(_composed_lstm, self.inputs[:4], self.inputs[4:], self.needs_gx, ggs)


class GRU(Function):
    """The operation of `gru`, with h given."""

    def forward(self, x: Array, h: Array, W: Array) -> Any:
        hs, gates, terms = kernels(x).gru(_steps(x), h, W)
        if Config.enable_backprop:
            self.saved = hs, gates, terms
        return _of_steps(hs[1:], x)

    def backward(self, gh: Variable) -> Any:
        grads: Any = GRUGrad(self.saved, self.needs_input_grad[0])(*self.inputs, gh)
        return grads if self.needs_input_grad[0] else (None, *grads)


class GRUGrad(_Gradient):
    """Gradients of GRU with respect to x (if needed), h and W.

    Example:
        >>> import numpy as np
        >>> x, h, W = np.ones((5, 2, 3)), np.zeros((2, 1)), np.ones((6, 3))
        >>> f = GRU()
        >>> hs = f(x, h, W)
        >>> [g.shape for g in GRUGrad(f.saved, True)(x, h, W, hs)]
        [(5, 2, 3), (2, 1), (6, 3)]
    """

    def forward(self, x: Array, h: Array, W: Array, gh: Array) -> Any:
        gx, *grads = kernels(x).gru_grad(_steps(x), W, *self.saved, _steps(gh), self.needs_gx)
        return grads if gx is None else (gx.reshape(x.shape), *grads)

    def backward(self, *ggs: Variable) -> Any:
        return _second(_composed_gru, self.inputs[:3], self.inputs[3:], self.needs_gx, ggs)


def _steps(x: T) -> T:
    """x (N, features) as a sequence of one step."""
    return x if x.ndim == 3 else x.reshape(1, *x.shape)


def _of_steps(ys: Any, x: Any) -> Any:
    """The outputs of all steps if x is a sequence, else that of the only one."""
    return ys if x.ndim == 3 else ys[0]


def _second(
    composed: Callable[..., Sequence[Variable]],
    inputs: Sequence[Variable],
    gys: Sequence[Variable],
    needs_gx: bool,
    ggs: Sequence[Variable],
) -> list[Variable]:
    """The gradients of a gradient.

    Args:
        composed: returns the operation's outputs.
        inputs, gys: the operation's inputs, and the gradients of its outputs.
        needs_gx: whether the gradient has one with respect to x.
        ggs: gradients of the gradient's outputs.
    """

    def gradients(*given: Variable) -> list[Variable]:
        xs, gys = list(given[: len(inputs)]), list(given[len(inputs) :])
        return grad(composed(*xs), xs if needs_gx else xs[1:], gys, create_graph=True)

    return second_gradients(gradients, [*inputs, *gys], ggs)


def _composed_lstm(x: Variable, h: Variable, c: Variable, W: Variable) -> list[Variable]:
    hs, H = [], h.shape[1]
    Wx, Wh, b = split(W, [x.shape[-1], x.shape[-1] + H])
    for step in _steps(x):
        f, i, o, u = split(matmul(step, Wx) + matmul(h, Wh) + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(u)
        h = sigmoid(o) * tanh(c)
        hs.append(h)
    return [stack(hs) if x.ndim == 3 else h, c]


def _composed_gru(x: Variable, h: Variable, W: Variable) -> list[Variable]:
    hs, H = [], h.shape[1]
    Wx, Wh, b = split(W, [x.shape[-1], x.shape[-1] + H])
    for step in _steps(x):
        of_x, of_h = matmul(step, Wx) + b[0], matmul(h, Wh) + b[1]
        (rx, zx, nx), (rh, zh, nh) = split(of_x, 3, axis=1), split(of_h, 3, axis=1)
        r, z = sigmoid(rx + rh), sigmoid(zx + zh)
        n = tanh(nx + r * nh)
        h = n + z * (h - n)
        hs.append(h)
    return [stack(hs) if x.ndim == 3 else h]


def lstm(x: Any, h: Any, c: Any, W: Any) -> tuple[Variable, Variable]:
    """Long short-term memory: one step, or all steps of a sequence (book step 60).

    Each step computes, with the columns of the weights that belong to each gate::

        f, i, o = sigmoid(x Wx + h Wh + b)
        u = tanh(x Wx + h Wh + b)
        c = f * c + i * u
        h = o * tanh(c)

    Args:
        x: one step of shape (N, in), or T steps of shape (T, N, in).
        h, c: initial states of shape (N, H).
        W: weights of shape (in + H + 1, 4 * H): the rows are those of Wx, Wh and b, the columns those of f,
            i, o and u.

    Returns:
        h after the step, (N, H), or after each step, (T, N, H); and c after the last step.

    Raises:
        ValueError: the shapes do not match, or there is no step.

    Source: Hochreiter, Schmidhuber 1997, with the forget gate of Gers, Schmidhuber, Cummins 2000.

    Example:
        >>> import numpy as np
        >>> hs, c = lstm(np.ones((5, 2, 3)), np.zeros((2, 4)), np.zeros((2, 4)), np.ones((8, 16)))
        >>> hs.shape, c.shape
        ((5, 2, 4), (2, 4))
    """
    x, h, c, W = as_input(x, "x"), as_input(h, "h"), as_input(c, "c"), as_input(W, "W")
    _check(x, W, 4, 1, {"h": h, "c": c})
    return LSTM()(x, h, c, W)  # type: ignore[return-value] # one Variable for each output


def gru(x: Any, h: Any, W: Any) -> Variable:
    """Gated recurrent unit: one step, or all steps of a sequence.

    Each step computes, with the columns of the weights that belong to each gate::

        r, z = sigmoid(x Wx + bx + h Wh + bh)
        n = tanh(x Wx + bx + r * (h Wh + bh))
        h = (1 - z) * n + z * h

    Args:
        x: one step of shape (N, in), or T steps of shape (T, N, in).
        h: initial state of shape (N, H).
        W: weights of shape (in + H + 2, 3 * H): the rows are those of Wx, Wh, bx and bh, the columns those
            of r, z and n.

    Returns:
        h after the step, (N, H), or after each step, (T, N, H).

    Raises:
        ValueError: the shapes do not match, or there is no step.

    Source: Cho et al. 2014, in PyTorch's form.

    Example:
        >>> import numpy as np
        >>> gru(np.ones((5, 2, 3)), np.zeros((2, 4)), np.ones((9, 12))).shape
        (5, 2, 4)
    """
    x, h, W = as_input(x, "x"), as_input(h, "h"), as_input(W, "W")
    _check(x, W, 3, 2, {"h": h})
    return GRU()(x, h, W)


def _check(x: Variable, W: Variable, gates: int, biases: int, states: dict[str, Variable]) -> None:
    H = W.shape[-1] // gates if W.ndim else 0
    is_of_steps = x.ndim in (2, 3) and 0 not in x.shape[:-2]
    if not (is_of_steps and H and W.shape == (x.shape[-1] + H + biases, gates * H)):
        raise ValueError(
            "x must be (N, in) or (T, N, in) with at least one step, and W "
            f"(in + H + {biases}, {gates} * H), H at least 1; got {x.shape} and {W.shape}"
        )
    for name, state in states.items():
        if state.shape != (x.shape[-2], H):
            raise ValueError(f"{name} must have shape {(x.shape[-2], H)}; got {state.shape}")
