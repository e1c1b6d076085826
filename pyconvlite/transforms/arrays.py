"""Transforms of arrays: shapes, dtypes and ranges; and the check of all transforms that take arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arguments import number, number_dtype, within
from .._shapes import Array

if TYPE_CHECKING:  # slow to import in a browser
    from numpy.typing import ArrayLike, DTypeLike


def checked_array(array: Any, transform: object) -> Array:
    """The argument of a transform as an array.

    Raises:
        TypeError: it is None or a Pillow image, whose pixels would be an array (H, W, C).

    Example:
        >>> checked_array(None, Flatten())
        Traceback (most recent call last):
        TypeError: Flatten takes an array; got None
    """
    if array is None:
        raise TypeError(f"{type(transform).__name__} takes an array; got None")
    if hasattr(array, "getbands"):  # without an import of Pillow, which may not be installed
        raise TypeError(f"{type(transform).__name__} takes an array; got an image: put ToArray() before it")
    return np.asarray(array)


class Flatten:
    """Flatten an array to one axis, row-major.

    Raises:
        TypeError: when called, the argument is None or a Pillow image; so do all transforms of arrays.

    Example:
        >>> Flatten()(np.zeros((1, 28, 28))).shape
        (784,)
    """

    def __call__(self, array: ArrayLike) -> Array:
        """A flattened copy of the array."""
        return checked_array(array, self).flatten()


class AsType:
    """Convert an array to a dtype, as `numpy.ndarray.astype` does.

    In integers, fractions are truncated, and a number out of range wraps around, or gives any number if it is
    a float: let `lambda x: x.clip(0, 255)` precede `AsType(np.uint8)`.

    Args:
        dtype: the dtype to convert to.

    Raises:
        TypeError: `dtype` is not one of numbers or bools.

    Example:
        >>> AsType(np.int16)(np.array([1.7]))
        array([1], dtype=int16)
    """

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        self.dtype = number_dtype(dtype)

    def __call__(self, array: ArrayLike) -> Array:
        """A copy of the array with that dtype."""
        return checked_array(array, self).astype(self.dtype)


ToFloat = AsType


class ToInt(AsType):
    """Convert an array to integers; otherwise as AsType.

    Args:
        dtype: the dtype to convert to.

    Example:
        >>> ToInt()(np.array([1.7])).item()
        1
    """

    def __init__(self, dtype: DTypeLike = int) -> None:
        super().__init__(dtype)


class Normalize:
    """Subtract the mean and divide by the standard deviation: `(array - mean) / std`.

    Floats keep their dtype; other dtypes become float32.

    Args:
        mean: a number, or one per channel, the array's first axis.
        std: a number other than 0, or one per channel.

    Raises:
        TypeError: `mean` or `std` does not consist of numbers.
        ValueError: `std` has a 0, or a value is not finite, or there is more than one axis; when called, the
            number of values is neither 1 nor the array's number of channels.

    Example:
        >>> Normalize(mean=[0.5, 0.0], std=0.5)(np.ones((2, 1, 1))).ravel()
        array([1., 2.])
    """

    def __init__(self, mean: ArrayLike = 0, std: ArrayLike = 1) -> None:
        self.mean = np.asarray(mean)
        self.std = np.asarray(std)
        for name, value in (("mean", self.mean), ("std", self.std)):
            if value.ndim > 1:
                raise ValueError(f"{name} must be a number, or one per channel; got shape {value.shape}")
            if value.dtype.kind not in "iuf":
                raise TypeError(f"{name} must be a number, or one per channel; got {value.tolist()!r}")
            if not np.isfinite(value).all():
                raise ValueError(f"{name} must be finite; got {value}")
        if not np.all(self.std):
            raise ValueError(f"std must not be 0; got {self.std}")

    def __call__(self, array: ArrayLike) -> Array:
        """The array, normalized."""
        x = checked_array(array, self)
        if x.dtype.kind != "f":
            x = x.astype(np.float32)
        y: Array = (x - _per_channel(self.mean, "mean", x)) / _per_channel(self.std, "std", x)
        return y


def _per_channel(value: Array, name: str, x: Array) -> Array:
    """The value in x's dtype, and in a shape that broadcasts along x's first axis."""
    if value.size != 1 and value.shape != x.shape[:1]:
        raise ValueError(f"{name} has {value.size} values, one per channel; the array has shape {x.shape}")
    given = value
    with np.errstate(over="ignore"):  # checked below
        value = value.astype(x.dtype)
    if not np.isfinite(value).all():
        raise ValueError(f"{name} is beyond the range of the array's {x.dtype}; got {given}")
    if name == "std" and not value.all():
        raise ValueError(f"std must not be 0, to which the array's {x.dtype} rounds it; got {given}")
    return value.reshape(-1, *[1] * (x.ndim - 1)) if value.ndim else value


def symmetric_range(value: float | Sequence[float], name: str) -> tuple[float, float]:
    """An argument of a random transform as (least, most): the pair itself, or (-value, value) of a number.

    Raises:
        TypeError: it does not consist of numbers.
        ValueError: the number is below 0, or it is not a pair of numbers in ascending order.

    Example:
        >>> symmetric_range(15, "degrees"), symmetric_range((0, 90), "degrees")
        ((-15, 15), (0, 90))
    """
    if isinstance(value, tuple | list):
        if len(value) != 2 or not number(value[0], name) <= number(value[1], name):
            raise ValueError(f"{name} must be a number or a pair (least, most); got {value!r}")
        return value[0], value[1]
    most = within(0, number(value, name), math.inf, name)
    return -most, most
