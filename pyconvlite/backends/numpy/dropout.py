"""The dropout mask. The same seed gives the same mask on all backends and in all dtypes."""

from __future__ import annotations

import numpy as np

from ..._random import hash_key, hash_threshold
from ..._shapes import Array
from .._calls import counted


@counted("numpy")
def dropout_mask(x: Array, ratio: float) -> Array:
    keep = _hashes(x.size, hash_key()) >= np.uint32(hash_threshold(ratio))
    return np.asarray(keep.reshape(x.shape).astype(x.dtype) * (1 / (1 - ratio)))


def _hashes(count: int, key: tuple[int, int]) -> Array:
    """pcg4d of (i, *key, 0) for each i, which gives four of the numbers.

    Jarzynski, Olano, "Hash Functions for GPU Rendering" (2020).
    """
    place = np.arange(-(-count // 4), dtype=np.uint32)
    v = [place, *(np.full(1, n, np.uint32) for n in (*key, 0))]
    x, y, z, w = (a * np.uint32(1664525) + np.uint32(1013904223) for a in v)
    x, y, z, w = (a ^ (a >> np.uint32(16)) for a in _mixed(x, y, z, w))
    return np.stack(_mixed(x, y, z, w), axis=-1).ravel()[:count]


def _mixed(x: Array, y: Array, z: Array, w: Array) -> tuple[Array, Array, Array, Array]:
    x = x + y * w
    y = y + z * x
    z = z + x * y
    return x, y, z, w + y * z
