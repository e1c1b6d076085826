"""Matrix products on the device."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import reduction
from .copying import reshape
from .device import current
from .program import floats, run_file, tile_length
from .view import Array, View, checked_axis, dtype_of

# Rows and columns of a thread's results, and unrolled steps along K; see RUN in convolution.py.
TILE = {False: (4, 4, 4), True: (16, 8, 4)}  # by `AdapterInfo.fallback`
TILES = 32  # number of tiles, one per workgroup, that keeps a GPU busy
RESULTS = 4096  # with fewer results, several threads of a GPU share each sum


def matmul(a: Array, b: Array, dtype: npt.DTypeLike | None = None) -> Array:
    """Matrix product of a (..., M, K) and b (..., K, P); leading axes broadcast.

    A 1-d operand is a row on the left, a column on the right, as in NumPy. Sums are float32; the result has
    the dtype of the operands, or the given one, float32 or float16.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x = webgpu.ones((2, 3))
        ...     assert webgpu.matmul(x, x.T).get().tolist() == [[3, 3], [3, 3]]
    """
    a, b = floats(a, b)
    if a.ndim and b.ndim == 1:
        return matmul(a, b.view_at((slice(None), None))).view_at((..., 0))
    if a.ndim == 1 and b.ndim:
        return matmul(a.view_at((None,)), b).view_at((..., 0, slice(None)))
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[-2]:
        raise ValueError(
            f"matmul needs a (..., M, K) and b (..., K, P) with the same K; got {a.shape} and {b.shape}"
        )
    if a.ndim > 2 and b.ndim == 2:
        rows = reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))
        return reshape(matmul(rows, b), (*a.shape[:-1], b.shape[-1]))
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    batch = math.prod(lead)
    M, K, P = a.shape[-2], a.shape[-1], b.shape[-1]
    result = a.dtype if dtype is None else dtype_of(dtype)
    if result.kind != "f":
        raise TypeError(f"dtype must be float32 or float16; got {result}")
    y = a.new((*lead, M, P), result)
    if not y.size:
        return y
    a, b = (m.broadcast_to((*lead, *m.shape[-2:])) for m in (a, b))
    if len(lead) > 1:
        a, b = reshape(a, (batch, M, K)), reshape(b, (batch, K, P))
    parts = math.gcd(K, 64)
    if not lead and y.size < RESULTS and K > 256 and parts > 1 and not current().info.fallback:
        a = reshape(a, (M, parts, K // parts)).transpose(1, 0, 2)
        products = matmul(a, reshape(b, (parts, K // parts, P)), np.float32)
        return reduction.sum(products, axis=0, dtype=y.dtype)
    _compute(a, b, y, (batch, M, K, P))
    return y


def _compute(a: View, b: View, y: View, sizes: tuple[int, int, int, int]) -> None:
    """Write the products of a (batch, M, K) and b (batch, K, P) to y; without the first axis, batch is 1."""
    batch, M, K, P = sizes
    if tile := tile_side(batch, M, P):
        run_tiled(
            tile,
            a.as_strided((batch, 1, M, K, 1, 1), (a.strides[0], 0, *a.strides[-2:], 0, 0)),
            b.as_strided(
                (batch, 1, K, 1, 1, P, 1, 1), (b.strides[0], 0, b.strides[-2], 0, 0, b.strides[-1], 0, 0)
            ),
            y.as_strided((batch, 1, M, P, 1, 1), (M * P, 0, P, 1, 0, 0)),
            a_rows=a.strides[-1] == 1,
            b_columns=b.strides[-2] == 1,
        )
        return
    R, Q, U = TILE[current().info.fallback]
    R, Q = tile_length(M, R), tile_length(P, Q)
    parameters = [M, P, K]
    for m in (a, b):
        parameters += [m.offset, m.strides[0] if m.ndim > 2 else 0, *m.strides[-2:]]
    run_file("matmul", [a, b], [y], batch * -(-M // R) * -(-P // Q), parameters, R=R, Q=Q, U=U)


def tile_side(batch: int, M: int, P: int) -> int:
    """The largest side of tiles, in units of 64 results, that keeps a GPU busy; 0 if there is none."""
    if current().info.fallback:
        return 0
    return next((H for H in (2, 1) if _tiles(H, batch, M, P) >= TILES), 0)


def _tiles(H: int, batch: int, M: int, P: int) -> int:
    return batch * -(-M // (64 * H)) * -(-P // (64 * H))


def run_tiled(tile: int, a: View, b: View, y: View, *, a_rows: bool, b_columns: bool) -> None:
    """Product by tiles: y (parts, groups, M, *P) = a (parts, groups, M, *K) b (parts, groups, *K, *P).

    K and P are three axes each, so that a view may be of the windows of images; strides are any.

    Args:
        tile: from `tile_side`.
        a_rows: whether a is contiguous along K; if not, it is along M.
        b_columns: whether b is contiguous along K; if not, it is along P.
    """
    parts, groups, M, *Ks = a.shape
    Ps = b.shape[5:]
    constants = {
        "H": tile,
        "FOUR": 4,
        "GROUPS": groups,
        "K_MIDDLE": Ks[1],
        "K_INNER": Ks[2],
        "P_MIDDLE": Ps[1],
        "P_INNER": Ps[2],
        "A_ROWS": int(a_rows),
        "B_COLUMNS": int(b_columns),
    }
    K, P = math.prod(Ks), math.prod(Ps)
    parameters = [M, P, K, a.offset, *a.strides, b.offset, *b.strides, *y.strides]
    threads = _tiles(tile, parts * groups, M, P) * 256
    run_file("product_tiled", [a, b], [y], threads, parameters, workgroup=256, **constants)


def tensordot(a: Array, b: Array, axes: int | Sequence[Any] = 2) -> Array:
    """Sum of products over several axes, as in NumPy.

    Args:
        a, b: arrays of floats.
        axes: a number n, for a's last n axes and b's first n; or a's axes and b's, one or several of each.

    Returns:
        An array with a's other axes, then b's.

    Raises:
        ValueError: an axis is out of bounds, or the lengths of two paired axes differ.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     x, W = webgpu.ones((2, 3, 4)), webgpu.ones((5, 3, 4))
        ...     assert webgpu.tensordot(x, W, ([1, 2], [1, 2])).get()[0, 0] == 12
    """
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
        raise ValueError(f"axes must be an integer or a pair (axes of a, axes of b); got {axes}")
    a_axes, b_axes = ([checked_axis(i, x.ndim) for i in side] for x, side in zip((a, b), pair, strict=True))
    if [a.shape[i] for i in a_axes] != [b.shape[i] for i in b_axes]:
        raise ValueError(
            f"axes pairs different lengths: shapes {a.shape} and {b.shape}, axes {pair[0]} and {pair[1]}"
        )
    a_left = [i for i in range(a.ndim) if i not in a_axes]
    b_left = [i for i in range(b.ndim) if i not in b_axes]
    K = math.prod(a.shape[i] for i in a_axes)
    M, P = [a.shape[i] for i in a_left], [b.shape[i] for i in b_left]
    rows = reshape(a.transpose([*a_left, *a_axes]), (math.prod(M), K))
    columns = reshape(b.transpose([*b_axes, *b_left]), (K, math.prod(P)))
    return reshape(matmul(rows, columns), (*M, *P))
