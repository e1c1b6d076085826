"""Max pooling and average pooling, with their gradients."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ..._shapes import Array, Pair
from .. import numpy as reference
from ..protocol import ConvGeometry
from .library import library
from .serving import address, all_float32, contiguous, fits, plane_sizes, with_fallback


@lru_cache
def _index_dtype(kernel_size: Pair) -> np.dtype[np.unsignedinteger] | None:
    """Dtype of max pooling's indexes; None if the side module does not support it."""
    dtype = np.min_scalar_type(math.prod(kernel_size))
    return dtype if dtype.itemsize <= 2 else None


@with_fallback(reference.max_pool)
def max_pool(x: Array, geometry: ConvGeometry) -> tuple[Array, Array] | None:
    dtype = _index_dtype(geometry.kernel_size)
    if dtype is None or not all_float32(x) or x.shape[2:] != geometry.input_size or not fits(geometry):
        return None
    y = np.empty((*x.shape[:2], *geometry.output_size), np.float32)
    indexes = np.empty(y.shape, dtype)
    x = contiguous(x)
    sizes = plane_sizes(x.shape[:2], geometry)
    library.max_pool(address(y), address(indexes), dtype.itemsize - 1, address(x), *sizes)
    return y, indexes


def _are_indexes(indexes: Array, planes: tuple[int, ...], geometry: ConvGeometry) -> bool:
    """Whether the indexes have the dtype and shape of max_pool's for planes (N, C)."""
    shape = *planes, *geometry.output_size
    return indexes.dtype == _index_dtype(geometry.kernel_size) and indexes.shape == shape and fits(geometry)


@with_fallback(reference.max_pool_grad)
def max_pool_grad(gy: Array, indexes: Array, geometry: ConvGeometry) -> Array | None:
    planes = gy.shape[:2]
    if not all_float32(gy) or not _are_indexes(indexes, planes, geometry) or gy.shape != indexes.shape:
        return None
    gx = np.zeros((*planes, *geometry.input_size), np.float32)
    gy, indexes = contiguous(gy), contiguous(indexes)
    sizes = indexes.itemsize - 1, *plane_sizes(planes, geometry)
    return gx if library.max_pool_grad(address(gx), address(gy), address(indexes), *sizes) else None


@with_fallback(reference.max_pool_gather)
def max_pool_gather(x: Array, indexes: Array, geometry: ConvGeometry) -> Array | None:
    planes = x.shape[:2]
    if not all_float32(x) or not _are_indexes(indexes, planes, geometry):
        return None
    if x.shape[2:] != geometry.input_size:
        return None
    y = np.empty(indexes.shape, np.float32)
    x, indexes = contiguous(x), contiguous(indexes)
    sizes = indexes.itemsize - 1, *plane_sizes(planes, geometry)
    return y if library.max_pool_gather(address(y), address(x), address(indexes), *sizes) else None


@with_fallback(reference.avg_pool)
def avg_pool(x: Array, geometry: ConvGeometry, count_include_pad: bool) -> Array | None:
    if not all_float32(x) or x.shape[2:] != geometry.input_size or not fits(geometry):
        return None
    y = np.empty((*x.shape[:2], *geometry.output_size), np.float32)
    x = contiguous(x)
    library.avg_pool(address(y), address(x), bool(count_include_pad), *plane_sizes(x.shape[:2], geometry))
    return y


@with_fallback(reference.avg_pool_grad)
def avg_pool_grad(gy: Array, geometry: ConvGeometry, count_include_pad: bool) -> Array | None:
    if not all_float32(gy) or gy.shape[2:] != geometry.output_size or not fits(geometry):
        return None
    gx = np.zeros((*gy.shape[:2], *geometry.input_size), np.float32)
    gy = contiguous(gy)
    library.avg_pool_grad(
        address(gx), address(gy), bool(count_include_pad), *plane_sizes(gy.shape[:2], geometry)
    )
    return gx
