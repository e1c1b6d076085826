"""LSTM and GRU on the device, a few dispatches a step."""

from __future__ import annotations

from .. import _recurrent
from .activation import sigmoid
from .array import ndarray
from .matmul import matmul
from .namespace import concatenate, tanh
from .reduction import sum

_OPERATIONS = _recurrent.Operations(matmul, sigmoid, tanh, concatenate, sum)


def lstm(x: ndarray, h: ndarray, c: ndarray, W: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    return _recurrent.lstm(_OPERATIONS, x, h, c, W)


def lstm_grad(
    x: ndarray,
    W: ndarray,
    hs: ndarray,
    cs: ndarray,
    gates: ndarray,
    ghs: ndarray,
    gc: ndarray,
    needs_gx: bool,
) -> tuple[ndarray | None, ndarray, ndarray, ndarray]:
    return _recurrent.lstm_grad(_OPERATIONS, x, W, hs, cs, gates, ghs, gc, needs_gx)


def gru(x: ndarray, h: ndarray, W: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    return _recurrent.gru(_OPERATIONS, x, h, W)


def gru_grad(
    x: ndarray, W: ndarray, hs: ndarray, gates: ndarray, terms: ndarray, ghs: ndarray, needs_gx: bool
) -> tuple[ndarray | None, ndarray, ndarray]:
    return _recurrent.gru_grad(_OPERATIONS, x, W, hs, gates, terms, ghs, needs_gx)
