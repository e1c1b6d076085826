"""Resize and its predecessor Upsample: along each axis, a choice of elements or a product with a matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import functions as F
from ..._shapes import Array
from ...backends import to_device_of
from ...functions._along import product_along, take
from ..emitting import Call
from ._table import Run, Use, exports, host, integers, operator, raw

_COORDINATE_MODES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
    "tf_crop_and_resize",
)


class _Interpolation(NamedTuple):
    """How the elements at new places follow from the old ones; the names are those of the attributes."""

    mode: str
    nearest_mode: str = "floor"
    antialias: int = 0
    exclude_outside: int = 0
    cubic_coeff_a: float = -0.75


_ROUNDED: dict[str, Callable[[Array], Array]] = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda coordinates: np.ceil(coordinates - 0.5),
    "round_prefer_ceil": lambda coordinates: np.floor(coordinates + 0.5),
}


@operator(
    "Resize",
    antialias=0,
    axes=(),
    coordinate_transformation_mode="half_pixel",
    cubic_coeff_a=-0.75,
    exclude_outside=0,
    extrapolation_value=0.0,
    keep_aspect_ratio_policy="stretch",
    mode="nearest",
    nearest_mode="round_prefer_floor",
)
def _resize(use: Use) -> Run:
    use.one_of("coordinate_transformation_mode", *_COORDINATE_MODES)
    use.one_of("mode", "nearest", "linear", "cubic")
    use.one_of("nearest_mode", *_ROUNDED)
    policy = use.one_of("keep_aspect_ratio_policy", "stretch", "not_larger", "not_smaller")
    interpolation = (
        _Interpolation(*(getattr(use, name) for name in _Interpolation._fields))
        if use.version >= 11
        else _Interpolation(use.mode)
    )
    coordinate_mode = use.coordinate_transformation_mode if use.version >= 11 else "asymmetric"

    def resize(x: Any, *given: Any) -> Any:
        roi, scales, sizes = (*given, None, None, None)[:3] if use.version >= 11 else (None, given[0], None)
        axes = [axis % len(x.shape) for axis in use.axes] or list(range(len(x.shape)))
        old = [x.shape[axis] for axis in axes]
        new, factors = _new_sizes(old, scales, sizes, policy)
        if any(n != m and min(n, m) < 1 for n, m in zip(new, old, strict=True)):
            raise ValueError(f"cannot resize {old} elements to {new}")
        cropped = coordinate_mode == "tf_crop_and_resize"
        ends = host(roi).astype(float).reshape(2, -1).T if cropped else [(0, 1)] * len(axes)
        outside = np.zeros([1] * len(x.shape), bool)
        for axis, n, factor, end in zip(axes, new, factors, ends, strict=True):
            if n != x.shape[axis] or factor != 1 or cropped:
                coordinates = _source_coordinates(x.shape[axis], n, factor, end, coordinate_mode)
                if cropped:
                    beyond = (coordinates < 0) | (coordinates > x.shape[axis] - 1)
                    outside = outside | beyond.reshape([-1 if i == axis else 1 for i in range(len(x.shape))])
                # Before version 11 added nearest_mode, ONNX Runtime rounds up where it shrinks.
                shrinks = use.version < 11 and factor < 1
                x = _resample(
                    x,
                    axis,
                    coordinates,
                    factor,
                    interpolation._replace(nearest_mode="ceil") if shrinks else interpolation,
                )
        return F.where(to_device_of(raw(x), outside), use.extrapolation_value, x) if outside.any() else x

    return resize


def _new_sizes(old: list[int], scales: Any, sizes: Any, policy: str) -> tuple[list[int], list[np.float32]]:
    """The new lengths of the axes, and their factors, in float32, as ONNX Runtime computes with them."""
    if sizes is not None and host(sizes).size:
        new = integers(sizes)
        factors = [np.float32(n / m) for n, m in zip(new, old, strict=True)]
        if policy != "stretch":
            factors = [(min if policy == "not_larger" else max)(factors)] * len(old)
            new = [int(np.floor(factor * n + 0.5)) for factor, n in zip(factors, old, strict=True)]
        return new, factors
    if scales is not None and host(scales).size:
        factors = list(host(scales).astype(np.float32).reshape(-1))
        return [int(np.floor(n * factor)) for n, factor in zip(old, factors, strict=True)], factors
    raise ValueError("needs scales or sizes")


def _source_coordinates(old: int, new: int, factor: np.float32, end: Any, mode: str) -> Array:
    """Where the new elements lie among the old ones."""
    i = np.arange(new, dtype=np.float32)
    if mode == "tf_crop_and_resize":
        first, last = ((old - 1) * part for part in end)
        return first + i * (last - first) / (new - 1) if new > 1 else np.array([(first + last) / 2])
    if mode == "align_corners":
        # old * factor may have a fraction: ONNX's own cases have it here, ONNX Runtime has `new`.
        return i * (old - 1) / (old * factor - 1) if new > 1 else np.zeros(1)
    if mode == "asymmetric":
        return i / factor
    if mode == "tf_half_pixel_for_nn":  # operator sets 11 and 12; TensorFlow's exporter writes it in all
        return (i + 0.5) / factor
    if mode == "pytorch_half_pixel" and new == 1:
        return np.zeros(1)
    coordinates: Array = (i + 0.5) / factor - 0.5
    if mode == "half_pixel_symmetric":
        coordinates += old / 2 * (1 - new / (factor * old))
    return coordinates


def _resample(
    x: Any, axis: int, coordinates: Array, factor: np.float32, interpolation: _Interpolation
) -> Any:
    old, new = x.shape[axis], len(coordinates)
    if interpolation.mode == "nearest":
        index = _ROUNDED[interpolation.nearest_mode](coordinates).clip(0, old - 1).astype(np.int64)
        times = new // old
        if axis > 1 and len(x.shape) == 4 and times and (index == np.arange(new) // times).all():
            return F.upsample(x, (times, 1) if axis == 2 else (1, times))
        return take(x, index, axis)
    # The weight of an old element follows from its distance; beyond the ends is the last element.
    scale = min(float(factor), 1.0) if interpolation.antialias else 1.0
    reach = int(np.ceil((2 if interpolation.mode == "cubic" else 1) / scale))
    near = np.floor(coordinates).astype(np.int64)[:, np.newaxis] + np.arange(1 - reach, reach + 1)
    distance = np.abs(near - coordinates[:, np.newaxis]) * scale
    weights = (
        _cubic(distance, interpolation.cubic_coeff_a)
        if interpolation.mode == "cubic"
        else (1 - distance).clip(0)
    )
    if interpolation.exclude_outside:
        weights *= (near >= 0) & (near < old)
    matrix = np.zeros((new, old))
    np.add.at(matrix, (np.arange(new)[:, np.newaxis], near.clip(0, old - 1)), weights)
    matrix /= matrix.sum(1, keepdims=True)
    dtype = x.dtype
    if dtype.kind == "f":
        return product_along(x, matrix, axis)
    floats = F.cast(x, np.float32 if dtype.itemsize < 4 else np.float64)
    return F.cast(product_along(floats, matrix, axis), dtype)  # rounds toward 0


def _cubic(t: Array, a: float) -> Array:
    """Weights of cubic interpolation (Keys 1981) at the distances t."""
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    weights: Array = np.where(t <= 1, near, np.where(t < 2, far, 0))
    return weights


@operator("Upsample", mode="nearest", scales=())
def _upsample(use: Use) -> Run:
    interpolation = _Interpolation(use.one_of("mode", "nearest", "linear"))

    def upsample(x: Any, scales: Any = None) -> Any:
        factors = np.asarray(use.scales if use.version < 9 else host(scales), np.float32).reshape(-1)
        for axis, factor in enumerate(factors):
            if factor != 1:
                new = int(np.floor(x.shape[axis] * factor))
                coordinates = _source_coordinates(x.shape[axis], new, factor, (0, 1), "asymmetric")
                x = _resample(x, axis, coordinates, factor, interpolation)
        return x

    return upsample


@exports(F.Upsample)
def _export_upsample(c: Call) -> str:
    scales = c.e.constant(np.array([1, 1, *c.same("scale")], np.float32))
    places = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return c.e.node("Resize", c.inputs[0], "", scales, mode="nearest", **places)
