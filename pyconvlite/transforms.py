"""Transforms: what a Dataset does to each example on its way out (book step 49)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .utils import Array

if TYPE_CHECKING:  # slow to import in a browser
    from numpy.typing import ArrayLike, DTypeLike

__all__ = ["AsType", "Compose", "Flatten", "Normalize", "ToFloat", "ToInt"]


class Compose:
    """Transforms one after the other; none of them gives back what came in.

    Args:
        transforms: callables of one argument.

    Raises:
        TypeError: one of them is not callable.

    Example:
        >>> prepare = Compose([Flatten(), ToFloat(), Normalize(0.0, 255.0)])
        >>> prepare(np.array([[0, 255]], dtype=np.uint8))
        array([0., 1.], dtype=float32)
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]] = ()) -> None:
        for i, transform in enumerate(transforms):
            if not callable(transform):
                raise TypeError(f"transforms must be callable; number {i} is {transform!r}")
        self.transforms = transforms

    def __call__(self, x: Any) -> Any:
        """Feed x through all transforms."""
        for transform in self.transforms:
            x = transform(x)
        return x


class Flatten:
    """All axes made one.

    Example:
        >>> Flatten()(np.zeros((1, 28, 28))).shape
        (784,)
    """

    def __call__(self, array: ArrayLike) -> Array:
        """A flat copy of the array."""
        return np.asarray(array).flatten()


class AsType:
    """Conversion to a dtype.

    Args:
        dtype: the dtype to convert to.

    Example:
        >>> AsType(np.int16)(np.array([1.7]))
        array([1], dtype=int16)
    """

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        self.dtype = np.dtype(dtype)

    def __call__(self, array: ArrayLike) -> Array:
        """A copy of the array in that dtype."""
        return np.asarray(array).astype(self.dtype)


ToFloat = AsType


class ToInt(AsType):
    """Conversion to integers.

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

    Floats keep their dtype, integers become float32.

    Args:
        mean: a number, or one per channel: per index of the array's first axis.
        std: a number other than 0, or one per channel.

    Raises:
        ValueError: a deviation of 0, or more than one axis; when called, another number of channels than the
            array has.

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
        if not np.all(self.std):
            raise ValueError(f"std must not be 0; got {self.std}")

    def __call__(self, array: ArrayLike) -> Array:
        """The array, normalized."""
        x = np.asarray(array)
        if x.dtype.kind != "f":
            x = x.astype(np.float32)
        y: Array = (x - _per_channel(self.mean, "mean", x)) / _per_channel(self.std, "std", x)
        return y


def _per_channel(value: Array, name: str, x: Array) -> Array:
    """The value in x's dtype, and in a shape that goes along x's first axis."""
    if value.size > 1 and value.shape != x.shape[:1]:
        raise ValueError(f"{name} has {value.size} values, one per channel; the array has shape {x.shape}")
    value = value.astype(x.dtype)
    return value.reshape(-1, *[1] * (x.ndim - 1)) if value.ndim else value
