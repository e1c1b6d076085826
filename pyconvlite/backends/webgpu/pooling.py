"""Pooling on the device. In the gradients, a thread sums over the windows that contain its pixel."""

from __future__ import annotations

import math

import numpy as np

from ..protocol import ConvGeometry
from .array import ndarray
from .copying import whole
from .elementwise import bits
from .program import floats, geometry_parameters, run_file

__all__ = ["avg_pool", "avg_pool_grad", "max_pool", "max_pool_gather", "max_pool_grad"]


def max_pool(x: ndarray, geometry: ConvGeometry) -> tuple[ndarray, ndarray]:
    (x,) = floats(x)
    shape = (*x.shape[:2], *geometry.output_size)
    y, indexes = x.new(shape, x.dtype), x.new(shape, np.int32)
    if y.size:
        parameters = [*geometry_parameters(geometry), bits(-math.inf)]
        run_file("max_pool", [whole(x)], [y, indexes], y.size, parameters)
    return y, indexes


def max_pool_grad(gy: ndarray, indexes: ndarray, geometry: ConvGeometry) -> ndarray:
    (gy,) = floats(gy)
    gx = gy.new((*gy.shape[:2], *geometry.input_size), gy.dtype)
    if gx.size:
        run_file("max_pool_grad", [whole(gy), whole(indexes)], [gx], gx.size, geometry_parameters(geometry))
    return gx


def max_pool_gather(x: ndarray, indexes: ndarray, geometry: ConvGeometry) -> ndarray:
    (x,) = floats(x)
    y = x.new(indexes.shape, x.dtype)
    if y.size:
        run_file("max_pool_gather", [whole(x), whole(indexes)], [y], y.size, geometry_parameters(geometry))
    return y


def avg_pool(x: ndarray, geometry: ConvGeometry, count_include_pad: bool) -> ndarray:
    (x,) = floats(x)
    y = x.new((*x.shape[:2], *geometry.output_size), x.dtype)
    if y.size:
        run_file(
            "avg_pool", [whole(x)], [y], y.size, [*geometry_parameters(geometry), int(count_include_pad)]
        )
    return y


def avg_pool_grad(gy: ndarray, geometry: ConvGeometry, count_include_pad: bool) -> ndarray:
    (gy,) = floats(gy)
    gx = gy.new((*gy.shape[:2], *geometry.input_size), gy.dtype)
    if gx.size:
        parameters = [*geometry_parameters(geometry), int(count_include_pad)]
        run_file("avg_pool_grad", [whole(gy)], [gx], gx.size, parameters)
    return gx
