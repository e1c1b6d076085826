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
    shape = *np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]
    if a.ndim > 2 and b.ndim == 2:  # as one matrix product
        a = a.reshape(-1, a.shape[-1])
    lead = shape[:-2] if b.ndim > 2 else ()
    a, b = _batched(a, lead), _batched(b, lead)
    y = np.empty(shape, np.float32)
    strides_a, strides_b = ([s // 4 for s in m.strides] for m in (a, b))
    library.matmul(
        address(y), address(a), *strides_a, address(b), *strides_b, *a.shape[:2], b.shape[2], b.shape[1]
    )
    return y


def _batched(a: Array, lead: tuple[int, ...]) -> Array:
    """`a` (..., M, K) broadcast to the leading axes, as (batch, M, K); strides are multiples of 4 bytes."""
    a = np.broadcast_to(a, lead + a.shape[-2:]).reshape(-1, *a.shape[-2:]) if lead else a[np.newaxis]
    return a if all(stride % 4 == 0 for stride in a.strides) else np.ascontiguousarray(a)
