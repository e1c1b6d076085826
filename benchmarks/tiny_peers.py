"""Some of the tiny nets in mygrad and autograd, which have NumPy's functions: one formula for both.

They update by plain gradient descent, which is less work than Adam where ours and DeZero take that.
"""

import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from tiny_data import HIDDEN, LONG, RATE, SINE, SINE_T, SPIRAL, SPIRAL_T, WIDE, Step, rng

Params = list[Any]
Loss = Callable[[Any, Params], Any]  # of the module with NumPy's functions, and the weights
MakeStep = Callable[[Loss, Params], Step]


def load_peers() -> dict[str, MakeStep]:
    """The peers by name, which are installed where `load_dezero` looked; none in Pyodide."""
    if sys.platform == "emscripten":
        return {}
    return {"mygrad": with_mygrad, "autograd": with_autograd}


def with_mygrad(loss: Loss, weights: Params) -> Step:
    """A step of training."""
    import mygrad

    params = [mygrad.tensor(W) for W in weights]

    def step() -> Any:
        value = loss(mygrad, params)
        value.backward()
        for param in params:
            param.data -= RATE * param.grad
        return value

    return step


def with_autograd(loss: Loss, weights: Params) -> Step:
    """A step of training."""
    import autograd
    import autograd.numpy

    gradients = autograd.value_and_grad(partial(loss, autograd.numpy))
    params = weights

    def step() -> Any:
        nonlocal params
        value, grads = gradients(params)
        params = [W - RATE * g for W, g in zip(params, grads, strict=True)]
        return value

    return step


def _weights(*shapes: tuple[int, ...]) -> Params:
    return [0.1 * rng.standard_normal(shape) for shape in shapes]


def _sigmoid(xp: Any, x: Any) -> Any:
    return xp.tanh(x * 0.5) * 0.5 + 0.5


def _two_layers(xp: Any, params: Params, x: Any) -> Any:
    W1, b1, W2, b2 = params
    return xp.matmul(_sigmoid(xp, xp.matmul(x, W1) + b1), W2) + b2


def _mean_squared_error(xp: Any, y: Any, t: Any) -> Any:
    difference = y - t
    return xp.sum(difference * difference) / len(t)


def _mlp(xp: Any, params: Params) -> Any:
    return _mean_squared_error(xp, _two_layers(xp, params, SINE), SINE_T)


def _spiral(xp: Any, params: Params) -> Any:
    y = _two_layers(xp, params, SPIRAL)
    return xp.sum(xp.log(xp.sum(xp.exp(y), axis=1)) - xp.sum(y * np.eye(3)[SPIRAL_T], axis=1)) / len(SPIRAL)


def _rnn(xp: Any, params: Params) -> Any:
    Wx, Wh, b, V, c = params
    h: Any = np.zeros((1, HIDDEN))
    loss: Any = 0.0
    for x, t in pairwise(LONG):
        h = xp.tanh(xp.matmul(x, Wx) + b + xp.matmul(h, Wh))
        loss = loss + _mean_squared_error(xp, xp.matmul(h, V) + c, t)
    return loss


def _lstm(xp: Any, params: Params) -> Any:
    *gates, V, d = params
    h: Any = np.zeros((30, HIDDEN))
    c: Any = np.zeros((30, HIDDEN))
    loss: Any = 0.0
    for x, t in pairwise(WIDE):
        f, i, o, u = [
            xp.matmul(x, Wx) + b + xp.matmul(h, Wh)
            for Wx, Wh, b in zip(gates[::3], gates[1::3], gates[2::3], strict=True)
        ]
        c = _sigmoid(xp, f) * c + _sigmoid(xp, i) * xp.tanh(u)
        h = _sigmoid(xp, o) * xp.tanh(c)
        loss = loss + _mean_squared_error(xp, xp.matmul(h, V) + d, t)
    return loss


_GATE = (1, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN,)
_OUT = (HIDDEN, 1), (1,)
PEERS: dict[str, Callable[[MakeStep], Step]] = {  # by the names of `tiny.NETS`
    "46 MLP, SGD": lambda make: make(_mlp, _weights((1, 10), (10,), (10, 1), (1,))),
    "48 spiral": lambda make: make(_spiral, _weights((2, 10), (10,), (10, 3), (3,))),
    "59 RNN": lambda make: make(_rnn, _weights(*_GATE, *_OUT)),
    "60 LSTM": lambda make: make(_lstm, _weights(*_GATE * 4, *_OUT)),
}
