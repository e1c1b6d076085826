"""LSTM and GRU."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .. import _recurrent
from .._calls import counted
from .activation import sigmoid
from .contraction import contract
from .reduction import sum

_OPERATIONS = _recurrent.Operations(contract, sigmoid, np.tanh, np.concatenate, sum)


@counted("numpy")
def lstm(x: Array, h: Array, c: Array, W: Array) -> tuple[Array, Array, Array]:
    return _recurrent.lstm(_OPERATIONS, x, h, c, W)


@counted("numpy")
def lstm_grad(
    x: Array, W: Array, hs: Array, cs: Array, gates: Array, ghs: Array, gc: Array, needs_gx: bool
) -> tuple[Array | None, Array, Array, Array]:
    return _recurrent.lstm_grad(_OPERATIONS, x, W, hs, cs, gates, ghs, gc, needs_gx)


@counted("numpy")
def gru(x: Array, h: Array, W: Array) -> tuple[Array, Array, Array]:
    return _recurrent.gru(_OPERATIONS, x, h, W)


@counted("numpy")
def gru_grad(
    x: Array, W: Array, hs: Array, gates: Array, terms: Array, ghs: Array, needs_gx: bool
) -> tuple[Array | None, Array, Array]:
    return _recurrent.gru_grad(_OPERATIONS, x, W, hs, gates, terms, ghs, needs_gx)
