"""Random transforms that move an array's pixels: flip, shift, crop and rotation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._arguments import check_holds, fraction, number, one_of
from .._random import rng
from .._shapes import Array, IntPair, sizes
from .arrays import checked_array, symmetric_range

if TYPE_CHECKING:  # slow to import in a browser
    from numpy.typing import ArrayLike


class RandomHorizontalFlip:
    """Flip an array from left to right, at random.

    Args:
        ratio: probability of a flip, from 0 to 1.

    Raises:
        TypeError: `ratio` is not a number.
        ValueError: `ratio` is not in [0, 1]; when called, the array is 0-d.

    Example:
        >>> RandomHorizontalFlip(1.0)(np.array([[1, 2, 3]]))
        array([[3, 2, 1]])
    """

    def __init__(self, ratio: float = 0.5) -> None:
        self.ratio = fraction(ratio, "ratio")

    def __call__(self, array: ArrayLike) -> Array:
        """The array, or a copy that is flipped along the last axis."""
        x = checked_array(array, self)
        if x.ndim == 0:
            raise ValueError("RandomHorizontalFlip takes an array (..., W); got a 0-d array")
        return x[..., ::-1].copy() if rng().random() < self.ratio else x


class RandomShift:
    """Shift an image by a random number of pixels, uniformly distributed, vertically and horizontally.

    Args:
        pixels: the largest shift, an integer or (vertical, horizontal), at least 0.
        value: value of the pixels that are shifted in.

    Raises:
        TypeError: `pixels` are not integers, or `value` is not a number.
        ValueError: `pixels` are below 0; when called, the array has fewer than two axes, or has an integer
            dtype that does not hold `value`.

    Example:
        >>> RandomShift(2)(np.ones((1, 28, 28), dtype=np.float32)).shape
        (1, 28, 28)
    """

    def __init__(self, pixels: IntPair, value: float = 0) -> None:
        self.pixels = sizes(0, pixels, "pixels")
        self.value = number(value, "value")

    def __call__(self, array: ArrayLike) -> Array:
        """A shifted copy of the array (..., H, W)."""
        x = _rows_and_columns(array, self)
        check_holds(x.dtype, self.value, "value")
        (H, W), (PH, PW) = x.shape[-2:], self.pixels
        top, left = rng().integers(2 * PH + 1), rng().integers(2 * PW + 1)
        padded = np.full((*x.shape[:-2], H + 2 * PH, W + 2 * PW), self.value, x.dtype)
        padded[..., PH : PH + H, PW : PW + W] = x
        return padded[..., top : top + H, left : left + W].copy()


class RandomCrop:
    """Crop an image at a random place, after padding.

    As torchvision's RandomCrop, on arrays.

    Args:
        size: size of the crop in pixels, an integer for both sides or (height, width).
        padding: pixels added at each edge first, an integer or (vertical, horizontal), at least 0.
        fill: value of the added pixels, for the mode "constant".
        padding_mode: "constant", "edge", "reflect" or "symmetric", as in `numpy.pad`.

    Raises:
        TypeError: a size or the padding is not an integer, or `fill` is not a number.
        ValueError: a size is below 1, the padding is below 0, or the mode is none of these; when called, the
            padded array is smaller than the crop, has fewer than two axes, or has an integer dtype that does
            not hold `fill`.

    Example:
        >>> RandomCrop(32, padding=4)(np.ones((3, 32, 32), dtype=np.float32)).shape
        (3, 32, 32)
    """

    def __init__(
        self, size: IntPair, padding: IntPair = 0, fill: float = 0, padding_mode: str = "constant"
    ) -> None:
        self.size = sizes(1, size, "size")
        self.padding = sizes(0, padding, "padding")
        self.fill = number(fill, "fill")
        modes = "constant", "edge", "reflect", "symmetric"
        self.padding_mode = one_of(padding_mode, "padding_mode", modes)

    def __call__(self, array: ArrayLike) -> Array:
        """A crop of the array (..., H, W), a copy."""
        x = _rows_and_columns(array, self)
        (OH, OW), (PH, PW) = self.size, self.padding
        if PH or PW:
            around = [(0, 0)] * (x.ndim - 2) + [(PH, PH), (PW, PW)]
            if self.padding_mode == "constant":
                check_holds(x.dtype, self.fill, "fill")
                x = np.pad(x, around, constant_values=self.fill)
            else:
                x = np.pad(x, around, self.padding_mode)
        H, W = x.shape[-2:]
        if OH > H or OW > W:
            raise ValueError(
                f"size must be at most the padded array's, {H} x {W} pixels; got {OH} x {OW}: add padding"
            )
        top, left = rng().integers(H - OH + 1), rng().integers(W - OW + 1)
        return x[..., top : top + OH, left : left + OW].copy()


class RandomRotation:
    """Rotate an image about its center by a random angle, uniformly distributed.

    As torchvision's RandomRotation, on arrays; the size stays.

    Args:
        degrees: a number d for angles from -d to d, at least 0, or a pair (least, most); in degrees,
            counter-clockwise.
        interpolation: "nearest" for the value of the nearest pixel, "bilinear" for a mean of four,
            rounded for integer arrays.
        fill: value of the pixels that come from outside the image.

    Raises:
        TypeError: `degrees` or `fill` does not consist of numbers.
        ValueError: `degrees` is below 0, or a pair whose first number is the larger, or `interpolation` is
            neither; when called, the array has fewer than two axes, or has an integer dtype that does not
            hold `fill`.

    Example:
        >>> RandomRotation((90, 90))(np.array([[1, 2], [3, 4]]))
        array([[2, 4],
               [1, 3]])
    """

    def __init__(
        self, degrees: float | Sequence[float], interpolation: str = "nearest", fill: float = 0
    ) -> None:
        self.degrees = symmetric_range(degrees, "degrees")
        self.interpolation = one_of(interpolation, "interpolation", ("nearest", "bilinear"))
        self.fill = number(fill, "fill")

    def __call__(self, array: ArrayLike) -> Array:
        """A rotated copy of the array (..., H, W)."""
        x = _rows_and_columns(array, self)
        check_holds(x.dtype, self.fill, "fill")
        H, W = x.shape[-2:]
        angle = math.radians(rng().uniform(*self.degrees))
        sin, cos = round(math.sin(angle), 12), round(math.cos(angle), 12)  # quarter turns are exact
        rows, columns = np.arange(H)[:, np.newaxis] - (H - 1) / 2, np.arange(W) - (W - 1) / 2
        # Where each pixel comes from, (H, W).
        row = rows * cos + columns * sin + (H - 1) / 2
        column = columns * cos - rows * sin + (W - 1) / 2
        padded = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 1)] * 2, constant_values=self.fill)

        def at(row: Array, column: Array) -> Array:
            """The pixels at integer places; all that is outside is the padding."""
            i, j = row.astype(np.intp) + 1, column.astype(np.intp) + 1
            return padded[..., i.clip(0, H + 1), j.clip(0, W + 1)]

        if self.interpolation == "nearest":
            return at(np.floor(row + 0.5), np.floor(column + 0.5))
        top, left = np.floor(row), np.floor(column)
        dtype = x.dtype if x.dtype.kind == "f" else np.float64
        down, right = (row - top).astype(dtype), (column - left).astype(dtype)
        above = (1 - right) * at(top, left) + right * at(top, left + 1)
        below = (1 - right) * at(top + 1, left) + right * at(top + 1, left + 1)
        y: Array = (1 - down) * above + down * below
        return y if x.dtype.kind == "f" else np.rint(y).astype(x.dtype)


def _rows_and_columns(array: ArrayLike, transform: object) -> Array:
    x = checked_array(array, transform)
    if x.ndim < 2:
        raise ValueError(f"{type(transform).__name__} takes an array (..., H, W); got shape {x.shape}")
    return x
