"""Transforms of Pillow images, and to and from arrays."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arguments import at_least, check_holds, number_dtype
from .._shapes import Array, IntPair, sizes
from .arrays import checked_array

if TYPE_CHECKING:  # slow to import in a browser
    from numpy.typing import ArrayLike, DTypeLike


_ORIENTATION = 0x0112  # tag of EXIF


def pillow(what: str = "this transform") -> Any:
    """Pillow's module Image.

    Args:
        what: what needs it, for the error message.

    Raises:
        ModuleNotFoundError: Pillow is not installed.

    Example:
        >>> try:
        ...     image = pillow().new("L", (28, 28))
        ... except ModuleNotFoundError:
        ...     image = None  # Pillow is not installed
    """
    try:
        from PIL import Image  # type: ignore[import-not-found,unused-ignore]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{what} needs Pillow: install pillow") from error
    return Image


def as_rgb(image: Any) -> Any:
    """A Pillow image in the mode RGB; gray values of 16 bits are scaled to 8, which `convert` would clip.

    Raises:
        TypeError: `image` is not a Pillow image.
        ValueError: its gray values have no known range, or it is an EPS file.

    Example:
        >>> as_rgb(3)
        Traceback (most recent call last):
        TypeError: image must be a Pillow image; got int
    """
    if not hasattr(image, "convert"):
        raise TypeError(f"image must be a Pillow image; got {type(image).__name__}")
    if image.format == "EPS":
        raise ValueError("an EPS file is a program that Pillow runs by Ghostscript; convert it to PNG")
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        pixels = np.asarray(image) >> 8  # before getexif: Pillow rotates a TIFF when it reads the pixels
        exif = image.getexif().tobytes()
        image = pillow().fromarray(pixels.astype(np.uint8))
        image.info["exif"] = exif
    elif image.mode in ("I", "F"):
        raise ValueError(f"pixels of mode {image.mode} have no known range; convert it to 8 or 16 bits")
    return image.convert("RGB")


def _checked(image: Any, transform: object) -> Any:
    if not isinstance(image, pillow().Image):
        kind = type(image).__name__
        raise TypeError(f"{type(transform).__name__} takes a Pillow image; got {kind}: put ToPIL() before it")
    return image


class Convert:
    """Convert a Pillow image to another mode.

    Args:
        mode: a mode of Pillow, such as RGB or L (gray); or BGR, which is RGB with the channels reversed.

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
            return pillow().merge("RGB", image.convert("RGB").split()[::-1])
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
        self.size = sizes(1, size, "size")
        self.mode = mode

    def __call__(self, image: Any) -> Any:
        """The resized image."""
        return _checked(image, self).resize(self.size, self.mode)


class ResizeShorterSide:
    """Resize a Pillow image so that its shorter side has a given length; its proportions stay.

    Args:
        size: length of the shorter side in pixels.
        mode: number of Pillow's resampling filter; 2 is bilinear.

    Raises:
        TypeError: `size` is not an integer; when called, the argument is not a Pillow image.
        ValueError: `size` is below 1; when called, the image has no pixels.
        ModuleNotFoundError: when called, Pillow is not installed.

    Example:
        >>> ResizeShorterSide(256).size
        256
    """

    def __init__(self, size: int, mode: int = 2) -> None:
        self.size = at_least(1, size, "size")
        self.mode = mode

    def __call__(self, image: Any) -> Any:
        """The resized image."""
        W, H = _checked(image, self).size
        shorter = min(W, H)
        if not shorter:
            raise ValueError(f"the image must have pixels; its size is {W} x {H}")
        size = max(1, round(W * self.size / shorter)), max(1, round(H * self.size / shorter))
        return image.resize(size, self.mode)


class ExifTranspose:
    """Rotate a Pillow image upright, by the orientation that cameras store in its EXIF data.

    Raises:
        TypeError: when called, the argument is not a Pillow image.
        ModuleNotFoundError: when called, Pillow is not installed.

    Example:
        >>> from pyconvlite.transforms import Compose
        >>> photograph = Compose([ExifTranspose(), ResizeShorterSide(256), CenterCrop(224), ToArray()])
    """

    def __call__(self, image: Any) -> Any:
        """An upright copy of the image, without other EXIF data."""
        upright = _checked(image, self).copy()
        from PIL import ImageOps

        # Other tags are dropped: Pillow fails in various ways to write a damaged one.
        exif = pillow().Exif()
        with contextlib.suppress(Exception):  # there is none, or it is damaged
            if (orientation := image.getexif()[_ORIENTATION]) in range(1, 9):
                exif[_ORIENTATION] = orientation
        upright.info["exif"] = exif.tobytes()
        return ImageOps.exif_transpose(upright)


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
        self.size = sizes(1, size, "size")

    def __call__(self, image: Any) -> Any:
        """The cropped image."""
        (W, H), (OW, OH) = _checked(image, self).size, self.size
        if OW > W or OH > H:
            raise ValueError(f"size must be at most the image's, {W} x {H} pixels; got {OW} x {OH}")
        left, top = (W - OW) // 2, (H - OH) // 2
        return image.crop((left, top, left + OW, top + OH))


class ToArray:
    """Convert a Pillow image to an array (C, H, W); an array is returned as it is.

    Args:
        dtype: dtype of the array.

    Raises:
        TypeError: `dtype` is not one of numbers or bools; when called, the argument is neither a Pillow image
            nor an array.
        ValueError: when called, `dtype` does not hold the image's numbers, such as 300 in uint8.
        ModuleNotFoundError: when called, the argument is not an array and Pillow is not installed.

    Example:
        >>> ToArray()(np.zeros(2))
        array([0., 0.])
    """

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        self.dtype = number_dtype(dtype)

    def __call__(self, image: Any) -> Array:
        """The pixels as an array."""
        if isinstance(image, np.ndarray):
            return image
        given = np.asarray(_checked(image, self))
        with np.errstate(over="ignore", invalid="ignore"):  # checked below
            pixels = given.astype(self.dtype)
        is_changed = np.isinf(pixels) & np.isfinite(given) if self.dtype.kind == "f" else pixels != given
        for pixel in given[is_changed][:1]:
            check_holds(self.dtype, pixel, "pixels")
            raise ValueError(f"pixels must be in the range of {self.dtype}; got {pixel}")
        return pixels[np.newaxis] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)  # (H, W, C) to (C, H, W)


class ToPIL:
    """Convert a uint8 array (C, H, W) to a Pillow image: gray for C = 1, RGB for 3, RGBA for 4.

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
        x = checked_array(array, self)
        if x.dtype != np.uint8:
            raise TypeError(f"ToPIL takes a uint8 array; got {x.dtype}: put AsType(np.uint8) before it")
        if x.ndim != 3 or len(x) not in (1, 3, 4):
            raise ValueError(f"ToPIL takes an array (C, H, W) with 1, 3 or 4 channels; got shape {x.shape}")
        return pillow().fromarray(x[0] if len(x) == 1 else x.transpose(1, 2, 0))  # (C, H, W) to (H, W, C)
