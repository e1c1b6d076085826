"""ColorJitter, a random transform of an array's colors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._arguments import number, within
from .._random import rng
from .._shapes import Array
from .arrays import checked_array, symmetric_range

if TYPE_CHECKING:  # slow to import in a browser
    from numpy.typing import ArrayLike


class ColorJitter:
    """Change brightness, contrast, saturation and hue of an image at random, in random order.

    As torchvision's ColorJitter, on arrays. Each factor is drawn uniformly; 1 changes nothing. A factor of
    brightness multiplies the pixels; of contrast, their distance from the image's mean gray; of saturation,
    their distance from their own gray. Gray images have no saturation and no hue.

    Args:
        brightness, contrast, saturation: a number b, at least 0, for factors from max(0, 1 - b) to 1 + b, or
            a pair (least, most), at least 0.
        hue: a number h from 0 to 0.5, for shifts from -h to h, or a pair (least, most) from -0.5 to 0.5; 1 is
            the whole circle of hues.

    Raises:
        TypeError: an argument does not consist of numbers; when called, the array is neither uint8 nor of
            floats.
        ValueError: an argument is out of the range given above; when called, the array is not (C, H, W) with
            C = 1 or 3, or has floats that are not from 0 to 1.

    Example:
        >>> ColorJitter(brightness=(0.5, 0.5))(np.full((3, 1, 1), 200, np.uint8)).ravel()
        array([100, 100, 100], dtype=uint8)
    """

    def __init__(
        self,
        brightness: float | Sequence[float] = 0,
        contrast: float | Sequence[float] = 0,
        saturation: float | Sequence[float] = 0,
        hue: float | Sequence[float] = 0,
    ) -> None:
        self.brightness = _factors(brightness, "brightness")
        self.contrast = _factors(contrast, "contrast")
        self.saturation = _factors(saturation, "saturation")
        self.hue = symmetric_range(hue, "hue")
        if not -0.5 <= self.hue[0] <= self.hue[1] <= 0.5:
            raise ValueError(f"hue must be from -0.5 to 0.5; got {hue}")

    def __call__(self, array: ArrayLike) -> Array:
        """A changed copy of the array."""
        given = checked_array(array, self)
        x = _unit_range(given)
        changes = (
            (self.brightness, 1, np.multiply),
            (self.contrast, 1, _contrast),
            (self.saturation, 1, _saturation),
            (self.hue, 0, _hue),
        )
        random = rng()
        for i in random.permutation(len(changes)):
            limits, neutral, change = changes[i]
            if limits != (neutral, neutral):
                x = change(x, random.uniform(*limits)).clip(0, 1)
        return np.rint(x * 255).astype(np.uint8) if given.dtype == np.uint8 else x.astype(given.dtype)


def _factors(value: float | Sequence[float], name: str) -> tuple[float, float]:
    if isinstance(value, tuple | list):
        least, most = symmetric_range(value, name)
        return within(0, least, math.inf, name), most
    spread = within(0, number(value, name), math.inf, name)
    return max(0, 1 - spread), 1 + spread


def _unit_range(x: Array) -> Array:
    """The pixels (C, H, W) as float32 or float64 from 0 to 1."""
    if x.ndim != 3 or len(x) not in (1, 3):
        raise ValueError(f"ColorJitter takes an array (C, H, W) with 1 or 3 channels; got shape {x.shape}")
    if x.dtype == np.uint8:
        return x / np.float32(255)
    if x.dtype.kind != "f":
        raise TypeError(f"ColorJitter takes an array of uint8 or floats; got {x.dtype}")
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise ValueError(
            f"ColorJitter takes floats from 0 to 1; got {x.min()} to {x.max()}: put Normalize(0, 255) before "
            "it if they are from 0 to 255"
        )
    return x.astype(np.promote_types(x.dtype, np.float32), copy=False)


def _gray(x: Array) -> Array:
    """The gray of each pixel, (1, H, W)."""
    if len(x) == 1:
        return x
    red, green, blue = x
    y: Array = (0.2989 * red + 0.587 * green + 0.114 * blue)[np.newaxis]  # ITU-R BT.601
    return y


def _contrast(x: Array, factor: float) -> Array:
    mean = _gray(x).mean()
    y: Array = mean + (x - mean) * factor
    return y


def _saturation(x: Array, factor: float) -> Array:
    gray = _gray(x)
    return gray + (x - gray) * factor


def _hue(x: Array, shift: float) -> Array:
    if len(x) == 1:
        return x
    red, green, blue = x
    value, chroma = x.max(axis=0), np.ptp(x, axis=0)
    safe = np.where(chroma > 0, chroma, 1)  # for gray, whose hue is multiplied by a chroma of 0 below
    hue = np.where(  # in sixths of the circle
        value == red,
        (green - blue) / safe,
        np.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    steps = np.array([5, 3, 1], x.dtype)[:, np.newaxis, np.newaxis]
    k = (steps + hue + 6 * shift) % 6
    y: Array = value - chroma * np.minimum(k, 4 - k).clip(0, 1)
    return y
