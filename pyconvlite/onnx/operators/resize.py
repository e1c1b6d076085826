"""Resize and its predecessor Upsample: along each axis, a choice of elements or a product with a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ..._shapes import Array
from ._along import along, taken
from ._table import Run, Use, host, integers, operator

_PLACES = ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric")


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
    use.one_of("coordinate_transformation_mode", *_PLACES)
    use.one_of("mode", "nearest", "linear")
    use.one_of("nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    policy = use.one_of("keep_aspect_ratio_policy", "stretch", "not_larger", "not_smaller")
    if use.antialias or use.exclude_outside:
        use.refuse("antialias and exclude_outside are not supported")

    def resize(x: Any, *given: Any) -> Any:
        if use.version < 11:
            scales, sizes = given[0], None
        else:
            _, scales, sizes = (*given, None, None, None)[:3]
        axes = [axis % len(x.shape) for axis in use.axes] or list(range(len(x.shape)))
        old = [x.shape[axis] for axis in axes]
        if sizes is not None and host(sizes).size:
            new = integers(sizes)
            factors = [n / m for n, m in zip(new, old, strict=True)]
            if policy != "stretch":
                factor = (min if policy == "not_larger" else max)(factors)
                factors = [factor] * len(axes)
                new = [int(np.floor(factor * n + 0.5)) for n in old]
        elif scales is not None and host(scales).size:
            factors = [float(scale) for scale in host(scales).reshape(-1)]
            new = [int(np.floor(n * factor)) for n, factor in zip(old, factors, strict=True)]
        else:
            raise ValueError("needs scales or sizes")
        if min(old) < 1 or min(new) < 1:
            raise ValueError(f"cannot resize {old} elements to {new}")
        for axis, n, factor in zip(axes, new, factors, strict=True):
            if n != x.shape[axis] or factor != 1:
                x = _along_axis(x, axis, n, factor, use)
        return x

    return resize


def _along_axis(x: Any, axis: int, new: int, factor: float, use: Use) -> Any:
    old = x.shape[axis]
    place = _places(old, new, factor, use.coordinate_transformation_mode if use.version > 10 else "asymmetric")
    if use.mode == "linear":
        place = place.clip(0, old - 1)
        weights: Array = (1 - np.abs(place[:, np.newaxis] - np.arange(old))).clip(0)
        return along(x, weights, axis)
    rounded = {
        "floor": np.floor(place),
        "ceil": np.ceil(place),
        "round_prefer_floor": np.ceil(place - 0.5),
        "round_prefer_ceil": np.floor(place + 0.5),
    }[use.nearest_mode if use.version > 10 else "floor"]
    index = rounded.clip(0, old - 1).astype(np.int64)
    times = new // old
    if axis > 1 and len(x.shape) == 4 and times and (index == np.arange(new) // times).all():
        return F.upsample(x, (times, 1) if axis == 2 else (1, times))
    return taken(x, index, axis)


def _places(old: int, new: int, factor: float, mode: str) -> Array:
    """Where the new elements lie among the old ones."""
    i = np.arange(new)
    if mode == "align_corners":
        return i * (old - 1) / (old * factor - 1) if new > 1 else np.zeros(1)
    if mode == "asymmetric":
        return i / factor
    if mode == "pytorch_half_pixel" and new == 1:
        return np.zeros(1)
    place: Array = (i + 0.5) / factor - 0.5
    if mode == "half_pixel_symmetric":
        place += old / 2 * (1 - new / (factor * old))
    return place


@operator("Upsample", mode="nearest", scales=())
def _upsample(use: Use) -> Run:
    use.one_of("mode", "nearest", "linear")
    use.coordinate_transformation_mode, use.nearest_mode = "asymmetric", "floor"

    def upsample(x: Any, scales: Any = None) -> Any:
        factors = use.scales if use.version < 9 else host(scales).reshape(-1).tolist()
        for axis, factor in enumerate(factors):
            if factor != 1:
                x = _along_axis(x, axis, int(np.floor(x.shape[axis] * factor)), factor, use)
        return x

    return upsample
