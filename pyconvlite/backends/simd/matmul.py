"""Matrix product."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, served


@served(reference.matmul)
def matmul(a: Array, b: Array) -> Array | None:
    if not all_float32(a, b) or a.shape[-1] != b.shape[-2]:
        return None
    if a.ndim == b.ndim == 2:
        batch, y = 1, np.empty((a.shape[0], b.shape[1]), np.float32)
    else:
        lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        y = np.empty((*lead, a.shape[-2], b.shape[-1]), np.float32)
        if b.ndim == 2:  # as one matrix product
            a, lead = a.reshape(-1, a.shape[-1]), ()
        a, b = (np.broadcast_to(m, lead + m.shape[-2:]).reshape(-1, *m.shape[-2:]) for m in (a, b))
        batch = len(a)
    a, b = _aligned(a), _aligned(b)
    M, K = a.shape[-2:]
    library.matmul(address(y), address(a), *_steps(a), address(b), *_steps(b), batch, M, b.shape[-1], K)
    return y


def _aligned(m: Array) -> Array:
    """`m`, or a contiguous copy where a stride is not a multiple of 4 bytes."""
    return np.ascontiguousarray(m) if any(stride & 3 for stride in m.strides) else m


def _steps(m: Array) -> tuple[int, int, int]:
    """Floats from one matrix to the next, from row to row and from column to column."""
    batch, row, column = m.strides if m.ndim == 3 else (0, *m.strides)
    return batch >> 2, row >> 2, column >> 2
