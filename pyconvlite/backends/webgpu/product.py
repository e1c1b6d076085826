"""Matrix products on the device."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._shapes import Pair
from .array import ndarray, new
from .device import current
from .program import even, floats, run_file
from .window import checked_axis

# A thread's results, rows by columns, and its steps along K at a time; see RUN in convolution.py.
TILE = {False: (4, 4, 4), True: (16, 8, 4)}  # by `AdapterInfo.fallback`
TILES = 32  # workgroups with a tile each that keep a GPU busy
RESULTS = 4096  # below so many, threads of a GPU share a result's sum


def matmul(a: ndarray, b: ndarray, dtype: Any = None) -> Any:
    """Matrix product of a (..., M, K) and b (..., K, P); leading axes broadcast.

    An operand of one axis is a row on the left, a column on the right, as in NumPy. With a dtype, float32 or
    float16, the result is kept so; sums are of float32.
    """
    a, b = floats(a, b)
    if a.ndim and b.ndim == 1:
        return matmul(a, b[:, None])[..., 0]
    if a.ndim == 1 and b.ndim:
        return matmul(a[None], b)[..., 0, :]
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[-2]:
        raise ValueError(
            f"matmul needs a (..., M, K) and b (..., K, P) with one K; got shapes {a.shape} and {b.shape}"
        )
    if a.ndim > 2 and b.ndim == 2:
        return matmul(a.reshape(math.prod(a.shape[:-1]), a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    M, K, P = a.shape[-2], a.shape[-1], b.shape[-1]
    y = new((*lead, M, P), dtype or a.dtype)
    if not y.size:
        return y
    fallback = current().info.fallback
    a, b = (m.broadcast_to((*lead, *m.shape[-2:])) for m in (a, b))
    if len(lead) > 1:
        a, b = a.reshape(-1, M, K), b.reshape(-1, K, P)
    if not fallback and not lead and y.size < RESULTS and K > 256:
        parts = math.gcd(K, 64)
        if parts > 1:
            a = a.reshape(M, parts, K // parts).transpose(1, 0, 2)
            products = matmul(a, b.reshape(parts, K // parts, P), np.float32)
            return products.sum(axis=0, dtype=y.dtype)
    batch = math.prod(lead)
    if tile := tile_side(batch, M, P):
        run_tiled(
            tile,
            a,
            b,
            y,
            (M, P, K),
            parts=batch,
            a_strides=(a.strides[0], 0, a.strides[-2], a.strides[-1], 0, 0),
            b_strides=(b.strides[0], 0, b.strides[-2], 0, 0, b.strides[-1], 0, 0),
            y_strides=(M * P, 0, P, 1, 0, 0),
            a_rows=a.strides[-1] == 1,
            b_columns=b.strides[-2] == 1,
        )
        return y
    R, Q, U = TILE[fallback]
    R, Q = even(M, R), even(P, Q)
    threads = batch * -(-M // R) * -(-P // Q)
    sizes = [M, P, K]
    for m in (a, b):
        sizes += [m.offset, m.strides[0] if m.ndim > 2 else 0, *m.strides[-2:]]
    run_file("matmul", [a, b], [y], threads, sizes, R=R, Q=Q, U=U)
    return y


def tile_side(batch: int, M: int, P: int) -> int:
    """Side of tiles in units of 64 results, with tiles enough to keep a GPU busy; 0 where there is none."""
    if current().info.fallback:
        return 0
    return next((H for H in (2, 1) if _tiles(H, batch, M, P) >= TILES), 0)


def _tiles(H: int, batch: int, M: int, P: int) -> int:
    return batch * -(-M // (64 * H)) * -(-P // (64 * H))


def run_tiled(
    tile: int,
    a: ndarray,
    b: ndarray,
    y: ndarray,
    sizes: tuple[int, int, int],
    *,
    a_strides: Sequence[int],
    b_strides: Sequence[int],
    y_strides: Sequence[int],
    parts: int = 1,
    groups: int = 1,
    k_inner: Pair = (1, 1),
    p_inner: Pair = (1, 1),
    a_rows: bool,
    b_columns: bool,
) -> None:
    """Product by tiles: y (parts, groups, M, P) = a (parts, groups, M, K) b (parts, groups, K, P).

    K and P may stand for three axes each.

    Args:
        tile: from `tile_side`.
        sizes: M, P, K.
        a_strides: of parts, groups, M, and K's three axes.
        b_strides: of parts, groups, K's three axes, and P's.
        y_strides: of parts, groups, M, and P's three axes.
        k_inner, p_inner: lengths of the inner two of K's axes, and of P's.
        a_rows: whether neighbours along K lie side by side in a; if not, those along M do.
        b_columns: whether neighbours along K lie side by side in b; if not, those along P do.
    """
    M, P, _ = sizes
    constants = {
        "H": tile,
        "FOUR": 4,
        "GROUPS": groups,
        "K_MIDDLE": k_inner[0],
        "K_INNER": k_inner[1],
        "P_MIDDLE": p_inner[0],
        "P_INNER": p_inner[1],
        "A_ROWS": int(a_rows),
        "B_COLUMNS": int(b_columns),
    }
    threads = _tiles(tile, parts * groups, M, P) * 256
    places = [*sizes, a.offset, *a_strides, b.offset, *b_strides, *y_strides]
    run_file("product_tiled", [a, b], [y], threads, places, workgroup=256, **constants)


def tensordot(a: ndarray, b: ndarray, axes: int | Sequence[Any] = 2) -> ndarray:
    """Sum of products over pairs of axes; then a's other axes, then b's, as in NumPy."""
    if isinstance(axes, Sequence):
        pair = [tuple(side) if isinstance(side, Sequence) else (side,) for side in axes]
    else:
        count = operator.index(axes)
        if not 0 <= count <= min(a.ndim, b.ndim):
            raise ValueError(
                f"axes must be from 0 to {min(a.ndim, b.ndim)}, for arrays with {a.ndim} and {b.ndim} axes; "
                f"got {count}"
            )
        pair = [tuple(range(a.ndim - count, a.ndim)), tuple(range(count))]
    if len(pair) != 2:
        raise ValueError(f"axes takes a number, or a's axes and b's; got {axes}")
    a_axes, b_axes = ([checked_axis(i, x.ndim) for i in side] for x, side in zip((a, b), pair, strict=True))
    if [a.shape[i] for i in a_axes] != [b.shape[i] for i in b_axes]:
        raise ValueError(
            f"axes pairs axes of other lengths: shapes {a.shape} and {b.shape}, axes {pair[0]} and {pair[1]}"
        )
    a_left = [i for i in range(a.ndim) if i not in a_axes]
    b_left = [i for i in range(b.ndim) if i not in b_axes]
    K = math.prod(a.shape[i] for i in a_axes)
    M, P = [a.shape[i] for i in a_left], [b.shape[i] for i in b_left]
    rows = a.transpose([*a_left, *a_axes]).reshape(math.prod(M), K)
    columns = b.transpose([*b_axes, *b_left]).reshape(K, math.prod(P))
    return matmul(rows, columns).reshape(*M, *P)  # type: ignore[no-any-return]
