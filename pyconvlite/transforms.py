"""Transforms, which a Dataset applies to each example (book step 49).

Convert, Resize, CenterCrop, ToArray and ToPIL work on Pillow images and need Pillow; the others take arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arguments import at_least, number, share
from ._random import rng
from ._shapes import Array, IntPair, pair

if TYPE_CHECKING:  # slow to import in a browser
    from numpy.typing import ArrayLike, DTypeLike

__all__ = [
    "AsType",
    "CenterCrop",
    "Compose",
    "Convert",
    "Flatten",
    "Normalize",
    "RandomHorizontalFlip",
    "RandomShift",
    "Resize",
    "ToArray",
    "ToFloat",
    "ToInt",
    "ToPIL",
]


class Compose:
    """Transforms applied in order; without any, the input is returned.

    Args:
        transforms: list or tuple of callables of one argument.

    Raises:
        TypeError: `transforms` is not a list or tuple, or an item is not callable or is a class.

    Example:
        >>> prepare = Compose([Flatten(), ToFloat(), Normalize(0.0, 255.0)])
        >>> prepare(np.array([[0, 255]], dtype=np.uint8))
        array([0., 1.], dtype=float32)
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]] = ()) -> None:
        if not isinstance(transforms, list | tuple):
            raise TypeError(f"transforms must be a list of callables; got {transforms!r}")
        for i, transform in enumerate(transforms):
            if isinstance(transform, type):
                raise TypeError(
                    f"transforms must be instances; got a class at index {i}: write {transform.__name__}()"
                )
            if not callable(transform):
                raise TypeError(f"transforms must be callable; got {type(transform).__name__} at index {i}")
        self.transforms = transforms

    def __call__(self, x: Any) -> Any:
        """Output of the last transform."""
        for transform in self.transforms:
            x = transform(x)
        return x


# -------------------------------------------------------------------------------------------- Pillow's images


def _pillow() -> Any:
    try:
        from PIL import Image  # type: ignore[import-not-found,unused-ignore]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("this transform needs Pillow: install pillow") from error
    return Image


def _checked(image: Any, transform: object) -> Any:
    if not isinstance(image, _pillow().Image):
        kind = type(image).__name__
        raise TypeError(f"{type(transform).__name__} takes a Pillow image; got {kind}: put ToPIL() before it")
    return image


class Convert:
    """Convert a Pillow image to another mode.

    Args:
        mode: a mode of Pillow, such as RGB or L (grey); or BGR, which is RGB with the channels reversed.

    Raises:
        TypeError: when called, the argument is not a Pillow image.
        ValueError: when called, Pillow does not know the mode.
        ModuleNotFoundError: when called, Pillow is not installed.

    Example:
        >>> Convert("L").mode
        'L'
    """

    def __init__(self, mode: str = "RGB") -> None:
        self.mode = mode

    def __call__(self, image: Any) -> Any:
        """The image in that mode."""
        image = _checked(image, self)
        if self.mode == "BGR":
            return _pillow().merge("RGB", image.convert("RGB").split()[::-1])
        return image.convert(self.mode)


class Resize:
    """Resize a Pillow image.

    Args:
        size: size in pixels, an integer for both sides or (width, height), as in Pillow.
        mode: number of Pillow's resampling filter; 2 is bilinear.

    Raises:
        TypeError: a size is not an integer; when called, the argument is not a Pillow image.
        ValueError: a size is below 1.
        ModuleNotFoundError: when called, Pillow is not installed.

    Example:
        >>> Resize((224, 160)).size
        (224, 160)
    """

    def __init__(self, size: IntPair, mode: int = 2) -> None:
        self.size = _width_and_height(size)
        self.mode = mode

    def __call__(self, image: Any) -> Any:
        """The resized image."""
        return _checked(image, self).resize(self.size, self.mode)


class CenterCrop:
    """Crop the center of a Pillow image.

    Args:
        size: size in pixels, an integer for both sides or (width, height), as in Pillow.

    Raises:
        TypeError: a size is not an integer; when called, the argument is not a Pillow image.
        ValueError: a size is below 1; when called, the image is smaller than `size`.
        ModuleNotFoundError: when called, Pillow is not installed.

    Example:
        >>> CenterCrop(24).size
        (24, 24)
    """

    def __init__(self, size: IntPair) -> None:
        self.size = _width_and_height(size)

    def __call__(self, image: Any) -> Any:
        """The cropped image."""
        (W, H), (OW, OH) = _checked(image, self).size, self.size
        if OW > W or OH > H:
            raise ValueError(f"size must be at most the image's, {W} x {H} pixels; got {OW} x {OH}")
        left, top = (W - OW) // 2, (H - OH) // 2
        return image.crop((left, top, left + OW, top + OH))


def _width_and_height(size: IntPair) -> tuple[int, int]:
    width, height = pair(size, "size")
    return at_least(1, width, "size"), at_least(1, height, "size")


class ToArray:
    """Convert a Pillow image to an array (C, H, W); an array is returned as it is.

    Args:
        dtype: dtype of the array.

    Raises:
        TypeError: when called, the argument is neither a Pillow image nor an array.
        ModuleNotFoundError: when called, the argument is not an array and Pillow is not installed.

    Example:
        >>> ToArray()(np.zeros(2))
        array([0., 0.])
    """

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        self.dtype = np.dtype(dtype)

    def __call__(self, image: Any) -> Array:
        """The pixels as an array."""
        if isinstance(image, np.ndarray):
            return image
        pixels = np.array(_checked(image, self), dtype=self.dtype)
        return pixels[np.newaxis] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)  # (H, W, C) to (C, H, W)


class ToPIL:
    """Convert a uint8 array (C, H, W) to a Pillow image: grey for C = 1, RGB for 3, RGBA for 4.

    Raises:
        TypeError: when called, the dtype is not uint8.
        ValueError: when called, the shape is not (C, H, W) with C = 1, 3 or 4.
        ModuleNotFoundError: when called, Pillow is not installed.

    Example:
        >>> try:
        ...     image = ToPIL()(np.zeros((3, 28, 28)))
        ... except TypeError as error:
        ...     print(error)
        ToPIL takes a uint8 array; got float64: put AsType(np.uint8) before it
    """

    def __call__(self, array: ArrayLike) -> Any:
        """The image with these pixels."""
        x = np.asarray(array)
        if x.dtype != np.uint8:
            raise TypeError(f"ToPIL takes a uint8 array; got {x.dtype}: put AsType(np.uint8) before it")
        if x.ndim != 3 or len(x) not in (1, 3, 4):
            raise ValueError(f"ToPIL takes an array (C, H, W) with 1, 3 or 4 channels; got shape {x.shape}")
        return _pillow().fromarray(x[0] if len(x) == 1 else x.transpose(1, 2, 0))  # (C, H, W) to (H, W, C)


# ----------------------------------------------------------------------------------------------------- arrays


class Flatten:
    """Flatten an array to one axis, row-major.

    Example:
        >>> Flatten()(np.zeros((1, 28, 28))).shape
        (784,)
    """

    def __call__(self, array: ArrayLike) -> Array:
        """A flattened copy of the array."""
        return np.asarray(array).flatten()


class AsType:
    """Convert an array to a dtype.

    Args:
        dtype: the dtype to convert to.

    Example:
        >>> AsType(np.int16)(np.array([1.7]))
        array([1], dtype=int16)
    """

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        self.dtype = np.dtype(dtype)

    def __call__(self, array: ArrayLike) -> Array:
        """A copy of the array with that dtype."""
        return np.asarray(array).astype(self.dtype)


ToFloat = AsType


class ToInt(AsType):
    """Convert an array to integers; fractions are truncated.

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
        x = np.asarray(array)
        if x.dtype.kind != "f":
            x = x.astype(np.float32)
        y: Array = (x - _per_channel(self.mean, "mean", x)) / _per_channel(self.std, "std", x)
        return y


def _per_channel(value: Array, name: str, x: Array) -> Array:
    """The value in x's dtype, and in a shape that broadcasts along x's first axis."""
    if value.size != 1 and value.shape != x.shape[:1]:
        raise ValueError(f"{name} has {value.size} values, one per channel; the array has shape {x.shape}")
    value = value.astype(x.dtype)
    return value.reshape(-1, *[1] * (x.ndim - 1)) if value.ndim else value


# ------------------------------------------------------------------------------------------ random transforms


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
        self.ratio = share(ratio, "ratio")

    def __call__(self, array: ArrayLike) -> Array:
        """The array, or a copy that is flipped along the last axis."""
        x = np.asarray(array)
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
        height, width = pair(pixels, "pixels")
        self.pixels = at_least(0, height, "pixels"), at_least(0, width, "pixels")
        self.value = number(value, "value")

    def __call__(self, array: ArrayLike) -> Array:
        """A shifted copy of the array (..., H, W)."""
        x = np.asarray(array)
        if x.ndim < 2:
            raise ValueError(f"RandomShift takes an array (..., H, W); got shape {x.shape}")
        if x.dtype.kind in "iu":
            low, high = np.iinfo(x.dtype).min, np.iinfo(x.dtype).max
            if not low <= self.value <= high or self.value % 1:
                raise ValueError(
                    f"value must be an integer from {low} to {high} for {x.dtype} arrays; got {self.value}"
                )
        (H, W), (PH, PW) = x.shape[-2:], self.pixels
        top, left = rng().integers(2 * PH + 1), rng().integers(2 * PW + 1)
        padded = np.full((*x.shape[:-2], H + 2 * PH, W + 2 * PW), self.value, x.dtype)
        padded[..., PH : PH + H, PW : PW + W] = x
        return padded[..., top : top + H, left : left + W].copy()
