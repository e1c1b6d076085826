"""Optimizer updates: one call for all Parameters, which gets a table of their arrays."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from ..protocol import Rows
from . import objects
from .library import library
from .serving import FLOAT32, all_float32, contiguous, with_fallback


def _update(
    name: str, rows: Rows[Array], given: tuple[float, ...], numbers: Sequence[float]
) -> Rows[Array] | None:
    """The new rows; None if the side module supports none of them.

    Args:
        name: that of the kernel.
        rows: as in the protocol.
        given: the kernel's other arguments, for NumPy's kernel, which computes what is not supported.
        numbers: the same for the side module.
    """
    used: list[Array] = []
    found: list[tuple[Array, ...] | None] = []
    for row in rows:
        shape = row[0].shape
        if not all_float32(*row) or [x for x in row if x.shape != shape]:
            found.append(None)
            continue
        ys = tuple([np.empty(shape, FLOAT32) for _ in row[1:]])
        used += ys
        used += map(contiguous, row)
        found.append(ys)
    if not used:
        return None
    # The side module finds addresses and sizes in the arrays themselves: asking for them takes longer than
    # most updates.
    table, settings = array("I", map(id, used)), array("f", numbers)
    others = [row for row, ys in zip(rows, found, strict=True) if ys is None]
    getattr(library, name)(table.buffer_info()[0], len(rows) - len(others), settings.buffer_info()[0])
    computed = iter(getattr(reference, name)(others, *given) if others else ())
    return [next(computed) if ys is None else ys for ys in found]


FEW = 2**12  # elements, for which element-wise operations take less time than the table


@with_fallback(reference.sgd)
def sgd(rows: Rows[Array], lr: float) -> Rows[Array] | None:
    if sum([W.size for W, _ in rows]) < FEW and all_float32(*chain.from_iterable(rows)):
        return [(objects.bound.sub(W, objects.bound.mul(gW, lr)),) for W, gW in rows]
    return _update("sgd", rows, (lr,), (lr,))


@with_fallback(reference.momentum_sgd)
def momentum_sgd(rows: Rows[Array], lr: float, momentum: float) -> Rows[Array] | None:
    return _update("momentum_sgd", rows, (lr, momentum), (lr, momentum))


@with_fallback(reference.adagrad)
def adagrad(rows: Rows[Array], lr: float, eps: float) -> Rows[Array] | None:
    return _update("adagrad", rows, (lr, eps), (lr, eps))


@with_fallback(reference.rmsprop)
def rmsprop(rows: Rows[Array], lr: float, alpha: float, eps: float, momentum: float) -> Rows[Array] | None:
    return _update("rmsprop", rows, (lr, alpha, eps, momentum), (lr, alpha, 1 - alpha, eps, momentum))


@with_fallback(reference.adadelta)
def adadelta(rows: Rows[Array], rho: float, eps: float) -> Rows[Array] | None:
    return _update("adadelta", rows, (rho, eps), (rho, 1 - rho, eps))


@with_fallback(reference.adam)
def adam(
    rows: Rows[Array], rate: float, beta1: float, beta2: float, eps: float, decay: float
) -> Rows[Array] | None:
    numbers = rate, beta1, 1 - beta1, beta2, 1 - beta2, eps, decay
    return _update("adam", rows, (rate, beta1, beta2, eps, decay), numbers)
