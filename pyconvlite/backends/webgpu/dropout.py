"""The dropout mask on the device."""

from __future__ import annotations

from ..._random import hash_key, hash_threshold
from .array import ndarray
from .elementwise import bits, common_float
from .host_scalar import host_scalars, word
from .program import run_file

__all__ = ["dropout_mask"]


def dropout_mask(x: ndarray, ratio: float) -> ndarray:
    key = host_scalars(hash_key)
    mask = x.new(x.shape, common_float([x]))
    if mask.size:
        keys = [word(k, int) for k in key]
        parameters = [mask.size, *keys, hash_threshold(ratio), bits(1 / (1 - ratio))]
        run_file("dropout_mask", [], [mask], -(-mask.size // 4), parameters)
    return mask
