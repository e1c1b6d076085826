"""LSTM and GRU."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, contiguous, with_fallback


def _packed(K: int, N: int) -> Array:
    """Memory for weights (K, N), which the side module packs in panels of eight columns."""
    return np.empty(K * (-(-N // 8) * 8), np.float32)


@with_fallback(reference.lstm)
def lstm(x: Array, h: Array, c: Array, W: Array) -> tuple[Array, Array, Array] | None:
    (T, N, K), H = x.shape, h.shape[1]
    if not all_float32(x, h, c, W):
        return None
    x, h, c, W = contiguous(x), contiguous(h), contiguous(c), contiguous(W)
    hs, cs, gates = (
        np.empty((*lead, width), np.float32)
        for lead, width in (((T + 1, N), H), ((T + 1, N), H), ((T, N), 4 * H))
    )
    packed = _packed(H, 4 * H)
    library.lstm(
        address(hs),
        address(cs),
        address(gates),
        address(packed),
        address(x),
        address(h),
        address(c),
        address(W),
        T,
        N,
        K,
        H,
    )
    return hs, cs, gates


@with_fallback(reference.lstm_grad)
def lstm_grad(
    x: Array, W: Array, hs: Array, cs: Array, gates: Array, ghs: Array, gc: Array, needs_gx: bool
) -> tuple[Array | None, Array, Array, Array] | None:
    (T, N, K), H = x.shape, gc.shape[1]
    if not all_float32(x, W, hs, cs, gates, ghs, gc):
        return None
    x, W, hs, cs, gates, ghs = map(contiguous, (x, W, hs, cs, gates, ghs))
    gx = np.empty(x.shape, np.float32) if needs_gx else None
    gh, gc = np.zeros((N, H), np.float32), np.array(gc, order="C")
    gW, ga = np.empty(W.shape, np.float32), np.empty(gates.shape, np.float32)
    packed = _packed(4 * H, H)
    library.lstm_grad(
        0 if gx is None else address(gx),
        address(gh),
        address(gc),
        address(gW),
        address(ga),
        address(packed),
        address(x),
        address(W),
        address(hs),
        address(cs),
        address(gates),
        address(ghs),
        T,
        N,
        K,
        H,
    )
    return gx, gh, gc, gW


@with_fallback(reference.gru)
def gru(x: Array, h: Array, W: Array) -> tuple[Array, Array, Array] | None:
    (T, N, K), H = x.shape, h.shape[1]
    if not all_float32(x, h, W):
        return None
    x, h, W = contiguous(x), contiguous(h), contiguous(W)
    hs, gates, terms = (
        np.empty((steps, N, width), np.float32) for steps, width in ((T + 1, H), (T, 3 * H), (T, H))
    )
    of_h, packed = np.empty((N, 3 * H), np.float32), _packed(H, 3 * H)
    library.gru(
        address(hs),
        address(gates),
        address(terms),
        address(of_h),
        address(packed),
        address(x),
        address(h),
        address(W),
        T,
        N,
        K,
        H,
    )
    return hs, gates, terms


@with_fallback(reference.gru_grad)
def gru_grad(
    x: Array, W: Array, hs: Array, gates: Array, terms: Array, ghs: Array, needs_gx: bool
) -> tuple[Array | None, Array, Array] | None:
    (T, N, K), H = x.shape, hs.shape[2]
    if not all_float32(x, W, hs, gates, terms, ghs):
        return None
    x, W, hs, gates, terms, ghs = map(contiguous, (x, W, hs, gates, terms, ghs))
    gx = np.empty(x.shape, np.float32) if needs_gx else None
    gh, gW = np.zeros((N, H), np.float32), np.empty(W.shape, np.float32)
    of_x, of_h = np.empty(gates.shape, np.float32), np.empty(gates.shape, np.float32)
    packed = _packed(3 * H, H)
    library.gru_grad(
        0 if gx is None else address(gx),
        address(gh),
        address(gW),
        address(of_x),
        address(of_h),
        address(packed),
        address(x),
        address(W),
        address(hs),
        address(gates),
        address(terms),
        address(ghs),
        T,
        N,
        K,
        H,
    )
    return gx, gh, gW
