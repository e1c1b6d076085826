"""The gradient of rows chosen by an index."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, contiguous, with_fallback

MOST_IN_ROW = 1 << 12  # indexes of the same row


@with_fallback(reference.rows_grad)
def rows_grad(gy: Array, index: Array, rows: int) -> Array | None:
    if not all_float32(gy) or gy.shape[: index.ndim] != index.shape:
        return None
    gy, at = contiguous(gy), np.ascontiguousarray(index, np.int32)
    if at.size > MOST_IN_ROW and np.bincount(at.ravel() % rows).max() > MOST_IN_ROW:
        return None  # NumPy sums pairwise; a long sum would be inaccurate here
    gx = np.zeros((rows, *gy.shape[index.ndim :]), np.float32)
    fine = library.rows_grad(address(gx), address(gy), address(at), rows, at.size, gy.size // at.size)
    return gx if fine else None
