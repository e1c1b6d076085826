"""Matrix product, and the fully connected layer."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, with_fallback
from .threads import cut, items, pool, result, scalars, shifted, whole

ROWS = 4  # the rows of a part are a multiple of it: the kernel, which takes 6 or 4 at a time, wastes none


@with_fallback(reference.matmul)
def matmul(a: Array, b: Array) -> Array | None:
    return _product(a, b) if all_float32(a, b) and a.shape[-1] == b.shape[-2] else None


@with_fallback(reference.linear)
def linear(x: Array, W: Array, b: Array | None) -> Array | None:
    """What `objects.h` does not support: products on several threads, and a bias that is not contiguous."""
    if not all_float32(x, W, b) or x.shape[-1] != W.shape[-2]:
        return None
    y = _product(x, W)
    if b is not None:
        y += b
    return y


def _product(a: Array, b: Array) -> Array:
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
    if y.size * K >= pool.least and _in_parts(y, a, b):
        return y
    library.matmul(address(y), address(a), *_steps(a), address(b), *_steps(b), batch, M, b.shape[-1], K)
    return y


def _aligned(m: Array) -> Array:
    """`m`, or a contiguous copy where a stride is not a multiple of 4 bytes."""
    return np.ascontiguousarray(m) if any(stride & 3 for stride in m.strides) else m


def _steps(m: Array) -> tuple[int, int, int]:
    """Floats from one matrix to the next, from row to row and from column to column."""
    batch, row, column = m.strides if m.ndim == 3 else (0, *m.strides)
    return batch >> 2, row >> 2, column >> 2


def _in_parts(y: Array, a: Array, b: Array) -> bool:
    """Compute y on threads, by rows of one product or by products; False where one thread is as fast."""
    strides_a, strides_b = _steps(a), _steps(b)
    a, b = (m if m.ndim == 3 else m[np.newaxis] for m in (a, b))
    batch, M, K = a.shape
    N = b.shape[2]
    work = y.size * K
    if not (_is_compact(a[0]) and _is_compact(b[0])):
        return False
    if batch == 1:
        by_rows = a[0].flags.c_contiguous
        in_parts, shared = (y.nbytes + a.nbytes, b.nbytes) if by_rows else (y.nbytes, a.nbytes + b.nbytes)
        if not (bounds := pool.split(M, work, in_parts, shared, ROWS)):
            return False
        arguments = result(y, M) + (cut(a, M) if by_rows else shifted(a)) + scalars(*strides_a)
        arguments += whole(b) + scalars(*strides_b, 1) + items(bounds) + scalars(N, K)
    else:
        if a.strides[0] != a[0].nbytes or b.strides[0] != b[0].nbytes:
            return False
        if not (bounds := pool.split(batch, work, y.nbytes + a.nbytes + b.nbytes, 0)):
            return False
        arguments = result(y, batch) + cut(a, batch) + scalars(*strides_a) + cut(b, batch)
        arguments += scalars(*strides_b) + items(bounds) + scalars(M, N, K)
    return pool.run(library.matmul, bounds, arguments)


def _is_compact(a: Array) -> bool:
    return a.flags.c_contiguous or a.flags.f_contiguous
