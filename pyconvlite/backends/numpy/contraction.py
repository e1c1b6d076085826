"""Matrix products, by the fastest function that NumPy has; no other file of the backend computes any."""

from __future__ import annotations

import numpy as np

from ... import _platform
from ..._shapes import Array

if _platform.NAME == "linux":
    # glibc returns a freed block to the system if it is larger than any freed before, up to 32 MB. A network
    # keeps freeing and allocating blocks of a few MB, and page faults made small convolutions up to ten times
    # slower. Freeing one large block first, which is never written to, avoids this.
    np.empty(2**25 - 2**16, np.uint8)

SMALL = 2**15  # multiplications up to which `@` is faster: `einsum` has more overhead per call
# False in Pyodide, whose `@` reads one operand with a large stride.
HAS_BLAS = bool(np.show_config(mode="dicts")["Build Dependencies"]["blas"].get("found"))


def contract(a: Array, b: Array) -> Array:
    """Matrix product of a (..., M, K) and b (..., K, P); leading axes broadcast.

    Without a BLAS, `einsum` is the fastest for large operands, provided that both are contiguous along the
    summed axis. float16 uses `@`, which accumulates in float32.
    """
    if HAS_BLAS:
        return a.dot(b) if a.ndim == b.ndim == 2 else a @ b  # less overhead
    if a.size * b.shape[-1] <= SMALL or a.dtype.kind != "f" or a.dtype == np.float16:
        return a @ b
    product: Array = np.einsum(
        "...mk,...pk->...mp", _contiguous_last(a), _contiguous_last(np.swapaxes(b, -1, -2))
    )
    return product


def _contiguous_last(a: Array) -> Array:
    return a if a.strides[-1] == a.itemsize else np.ascontiguousarray(a)


def weighted_sums(W: Array, x: Array, out: Array) -> None:
    """Write the sums of x (C, KH, KW, pixels) with the weights W (C, KH, KW) into `out` (C, pixels).

    Unlike a product of matrices, `einsum` reads slices that overlap without a copy. It is called for each
    column of the kernel, since it loops over the pixels only if no other axis has as small a stride.
    """
    np.einsum("ch,chp->cp", W[:, :, 0], x[:, :, 0], out=out)
    for column in range(1, W.shape[2]):
        out += np.einsum("ch,chp->cp", W[:, :, column], x[:, :, column])


def row_products(a: Array, b: Array) -> Array:
    """Sums of a * b over the last axis, without an array of the products; leading axes broadcast."""
    sums: Array = np.vecdot(a, b) if HAS_BLAS else np.einsum("...p,...p->...", a, b)
    return sums
