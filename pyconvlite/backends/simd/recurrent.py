"""LSTM and GRU: a kernel computes the steps; products for all steps at once are left to `matmul`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .._recurrent import Operations, input_and_weights
from . import objects
from .library import library
from .matmul import ROWS
from .serving import address, all_float32, contiguous, with_fallback
from .threads import Arguments, cut, items, pool, result, scalars, stride, updated, whole

ROW = 320  # overhead of copying a row, as a number of bytes

Kind = Callable[..., Arguments]

LSTM = result, result, updated, whole, whole, whole, cut, cut  # what threads need of the kernels' arrays
LSTM_GRAD = result, result, result, whole, whole, cut, cut, cut, cut
GRU = result, updated, result, result, whole, whole, whole, cut
GRU_GRAD = result, result, result, whole, whole, cut, cut, cut, cut


def _operations() -> Operations:
    k = objects.bound
    return Operations(k.matmul, k.sigmoid, k.tanh, np.concatenate, k.sum)


def _weights(W: Array, T: int) -> tuple[Array | None, Array | None]:
    """W (K, M), the right operand of T products, as (packed, None); for one product as (None, W)."""
    if T == 1:
        return None, W
    K, M = W.shape
    packed = np.empty(K * (-(-M // 8) * 8), np.float32)  # in panels of eight columns
    library.pack_weights(address(packed), address(W), W.strides[0] >> 2, W.strides[1] >> 2, K, M)
    return packed, None


def _empty(*shapes: tuple[int, ...]) -> list[Array]:
    return [np.empty(shape, np.float32) for shape in shapes]


def _run(kernel: Any, kinds: Sequence[Kind], arrays: Sequence[Array | None], gates: Array, H: int) -> None:
    """Call a kernel for the steps of gates (T, N, ...); threads divide the N sequences."""
    T, N, width = gates.shape
    if T > 1 and (work := gates.size * H) >= pool.least:
        pairs = list(zip(kinds, arrays, strict=True))
        divided = sum(
            (a.nbytes + ROW * len(a)) * (2 if kind is updated else 1)
            for kind, a in pairs
            if kind is not whole and a is not None
        )
        if bounds := pool.split(N, work, divided, 4 * width * H, ROWS):
            described = chain.from_iterable([_argument(*pair, N) for pair in pairs])
            arguments = (*described, *scalars(T), *items(bounds), *stride(N), *scalars(H))
            pool.run(kernel, bounds, arguments)
            return
    kernel(*[0 if a is None else address(a) for a in arrays], T, N, N, H)


def _argument(kind: Kind, a: Array | None, N: int) -> Arguments:
    if a is None or kind is whole:
        return whole(a)
    return kind(a, N, len(a) if a.ndim == 3 else 1)


@with_fallback(reference.lstm)
def lstm(x: Array, h: Array, c: Array, W: Array) -> tuple[Array, Array, Array] | None:
    (T, N, K), H = x.shape, h.shape[1]
    if not all_float32(x, h, c, W):
        return None
    h, c, W = contiguous(h), contiguous(c), contiguous(W)
    gates = objects.bound.matmul(x.reshape(T * N, K), W[:K]).reshape(T, N, 4 * H)
    hs, cs = _empty((T + 1, N, H), (T + 1, N, H))
    arrays = [hs, cs, gates, *_weights(W[K : K + H], T), W[K + H :], h, c]
    _run(library.lstm, LSTM, arrays, gates, H)
    return hs, cs, gates


@with_fallback(reference.lstm_grad)
def lstm_grad(
    x: Array, W: Array, hs: Array, cs: Array, gates: Array, ghs: Array, gc: Array, needs_gx: bool
) -> tuple[Array | None, Array, Array, Array] | None:
    (T, N, K), H = x.shape, gc.shape[1]
    if not all_float32(x, W, hs, cs, gates, ghs, gc):
        return None
    W, cs, gates, ghs, of_c = map(contiguous, (W, cs, gates, ghs, gc))
    gh, gc, ga = _empty((N, H), (N, H), gates.shape)
    arrays = [gh, gc, ga, *_weights(W[K : K + H].T, T), cs, gates, ghs, of_c]
    _run(library.lstm_grad, LSTM_GRAD, arrays, gates, H)
    gx, gW = input_and_weights(_operations(), x, W, hs, [ga], needs_gx)
    return gx, gh, gc, gW


@with_fallback(reference.gru)
def gru(x: Array, h: Array, W: Array) -> tuple[Array, Array, Array] | None:
    (T, N, K), H = x.shape, h.shape[1]
    if not all_float32(x, h, W):
        return None
    h, W = contiguous(h), contiguous(W)
    gates = objects.bound.matmul(x.reshape(T * N, K), W[:K]).reshape(T, N, 3 * H)
    hs, terms, of_h = _empty((T + 1, N, H), (T, N, H), (N, 3 * H))
    arrays = [hs, gates, terms, of_h, *_weights(W[K : K + H], T), W[K + H :], h]
    _run(library.gru, GRU, arrays, gates, H)
    return hs, gates, terms


@with_fallback(reference.gru_grad)
def gru_grad(
    x: Array, W: Array, hs: Array, gates: Array, terms: Array, ghs: Array, needs_gx: bool
) -> tuple[Array | None, Array, Array] | None:
    (T, N, K), H = x.shape, hs.shape[2]
    if not all_float32(x, W, hs, gates, terms, ghs):
        return None
    W, hs, gates, terms, ghs = map(contiguous, (W, hs, gates, terms, ghs))
    gh, of_x, of_h = _empty((N, H), gates.shape, gates.shape)
    arrays = [gh, of_x, of_h, *_weights(W[K : K + H].T, T), hs, gates, terms, ghs]
    _run(library.gru_grad, GRU_GRAD, arrays, gates, H)
    gx, gW = input_and_weights(_operations(), x, W, hs, [of_x, of_h], needs_gx)
    return gx, gh, gW
