"""The dropout mask."""

from __future__ import annotations

import ctypes

import numpy as np

from ..._random import hash_key, hash_threshold
from ..._shapes import Array
from .. import numpy as reference
from .library import library
from .serving import address, all_float32, c_float, with_fallback


@with_fallback(reference.dropout_mask)
def dropout_mask(x: Array, ratio: float) -> Array | None:
    if not all_float32(x):
        return None
    mask = np.empty(x.shape, np.float32)
    numbers = (ctypes.c_uint32(n) for n in (*hash_key(), hash_threshold(ratio)))
    library.dropout_mask(address(mask), x.size, *numbers, c_float(1 / (1 - ratio)))
    return mask
