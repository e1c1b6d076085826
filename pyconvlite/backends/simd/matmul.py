"""Matrix product."""

from __future__ import annotations

import numpy as np

from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, served
from .threads import ITEMS, cut, pool, result, shifted, whole

ROWS = 4  # in each part, or a multiple: the kernel computes so many at a time


@served(reference.matmul)
def matmul(a: Array, b: Array) -> Array | None:
    if not all_float32(a, b) or a.shape[-1] != b.shape[-2]:
        return None
    shape = *np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]
    if a.ndim > 2 and b.ndim == 2:  # as one matrix product
        a = a.reshape(-1, a.shape[-1])
    lead = shape[:-2] if b.ndim > 2 else ()
    a, b = _batched(a, lead), _batched(b, lead)
    y = np.empty(shape, np.float32)
    strides_a, strides_b = ([s // 4 for s in m.strides] for m in (a, b))
    if y.size * a.shape[2] >= pool.least and _in_parts(y, a, b, strides_a, strides_b):
        return y
    library.matmul(
        address(y), address(a), *strides_a, address(b), *strides_b, *a.shape[:2], b.shape[2], b.shape[1]
    )
    return y


def _in_parts(y: Array, a: Array, b: Array, strides_a: list[int], strides_b: list[int]) -> bool:
    """Compute y on threads, rows of one product or several products; False where one thread is as fast."""
    batch, M, K = a.shape
    N = b.shape[2]
    work = y.size * K
    if not (_is_compact(a[0]) and _is_compact(b[0])):
        return False
    if batch == 1:
        by_rows = a[0].flags.c_contiguous
        in_parts = y.nbytes + (a.nbytes if by_rows else 0)
        bounds = pool.split(M, work, in_parts, b.nbytes + (0 if by_rows else a.nbytes), ROWS)
        of_a = cut(a, M) if by_rows else shifted(a)
        arguments = result(y, M), of_a, *strides_a, whole(b), *strides_b, 1, ITEMS, N, K
    else:
        if a.strides[0] != a[0].nbytes or b.strides[0] != b[0].nbytes:
            return False
        bounds = pool.split(batch, work, y.nbytes + a.nbytes + b.nbytes, 0)
        of_a, of_b = cut(a, batch), cut(b, batch)
        arguments = result(y, batch), of_a, *strides_a, of_b, *strides_b, ITEMS, M, N, K
    return bounds is not None and pool.run(library.matmul, bounds, arguments)


def _is_compact(a: Array) -> bool:
    return a.flags.c_contiguous or a.flags.f_contiguous


def _batched(a: Array, lead: tuple[int, ...]) -> Array:
    """`a` (..., M, K) broadcast to the leading axes, as (batch, M, K); strides are multiples of 4 bytes."""
    a = np.broadcast_to(a, lead + a.shape[-2:]).reshape(-1, *a.shape[-2:]) if lead else a[np.newaxis]
    return a if all(stride % 4 == 0 for stride in a.strides) else np.ascontiguousarray(a)
