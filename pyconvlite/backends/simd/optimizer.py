"""Optimizer updates."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, c_float, contiguous, served


def _alike(W: Array, *others: Array) -> bool:
    return all_float32(W, *others) and all(a.shape == W.shape for a in others)


@served(reference.sgd)
def sgd(W: Array, gW: Array, lr: float) -> Array | None:
    if not _alike(W, gW):
        return None
    new_W = np.empty(W.shape, np.float32)
    W, gW = contiguous(W), contiguous(gW)
    library.sgd(address(new_W), address(W), address(gW), c_float(lr), W.size)
    return new_W


@served(reference.momentum_sgd)
def momentum_sgd(W: Array, v: Array, gW: Array, lr: float, momentum: float) -> tuple[Array, Array] | None:
    if not _alike(W, v, gW):
        return None
    new_W, new_v = np.empty(W.shape, np.float32), np.empty(W.shape, np.float32)
    W, v, gW = contiguous(W), contiguous(v), contiguous(gW)
    library.momentum_sgd(
        address(new_W),
        address(new_v),
        address(W),
        address(v),
        address(gW),
        c_float(lr),
        c_float(momentum),
        W.size,
    )
    return new_W, new_v


@served(reference.adam)
def adam(
    W: Array,
    m: Array,
    v: Array,
    gW: Array,
    rate: float,
    beta1: float,
    beta2: float,
    eps: float,
    decay: float,
) -> tuple[Array, Array, Array] | None:
    if not _alike(W, m, v, gW):
        return None
    new_W, new_m, new_v = (np.empty(W.shape, np.float32) for _ in range(3))
    W, m, v, gW = contiguous(W), contiguous(m), contiguous(v), contiguous(gW)
    settings = map(c_float, (rate, beta1, 1 - beta1, beta2, 1 - beta2, eps, decay))
    library.adam(
        address(new_W),
        address(new_m),
        address(new_v),
        address(W),
        address(m),
        address(v),
        address(gW),
        *settings,
        W.size,
    )
    return new_W, new_m, new_v
