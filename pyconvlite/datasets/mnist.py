"""MNIST, and the IDX format of its files (book step 51)."""

from __future__ import annotations

import math
import struct
from typing import TypeAlias

import numpy as np

from .._fetch import cache_dir
from .._shapes import Array
from ..transforms import Compose, Flatten, Normalize, ToFloat
from .base import Bytes, Dataset, Place, Transform, read_first, show_grid, unpacked

Source: TypeAlias = Place | tuple[Bytes, Bytes]


# Name of each file, as its authors spelled it, and the sha256 under which the cache holds it.
_MNIST_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class MNIST(Dataset):
    r"""Handwritten digits: 60,000 images to train on, 10,000 to test with, 28 x 28 pixels.

    Data sets in MNIST's format, such as Fashion-MNIST, are read in the same way.

    Args:
        train: the training images, or else the test images.
        transform: function that each image, (1, 28, 28) of uint8, goes through. The default gives 784 float32
            numbers from 0 to 1; for a CNN use `Compose([ToFloat(), Normalize(0.0, 255.0)])`.
        target_transform: function that each label, a NumPy integer, goes through.
        source: where the two IDX files, plain or gzipped, come from: a folder or an `http(s)://` address that
            holds them under their usual names (`train-images-idx3-ubyte` or `train-images.idx3-ubyte`, with
            `.gz` or without); or their contents, (images, labels). None takes them from the cache.

    Attributes:
        data: (N, 1, 28, 28) of uint8, read-only.
        label: (N,) of int32.

    Raises:
        FileNotFoundError: no such file there.
        TypeError: a source that is none of these.
        ValueError: not two contents, or a file that is not what it should be: wrong magic number, truncated,
            other sizes, another number of labels than of images.

    Example:
        >>> images = b"\0\0\x08\x03" b"\0\0\0\2" b"\0\0\0\x1c" b"\0\0\0\x1c" + bytes(2 * 784)
        >>> labels = b"\0\0\x08\x01" b"\0\0\0\2" + bytes([7, 3])
        >>> mnist = MNIST(source=(images, labels))
        >>> image, label = mnist[1]
        >>> image.shape, image.dtype, label
        ((784,), dtype('float32'), np.int32(3))
    """

    def __init__(
        self,
        train: bool = True,
        transform: Transform | None = Compose([Flatten(), ToFloat(), Normalize(0.0, 255.0)]),  # noqa: B008
        target_transform: Transform | None = None,
        *,
        source: Source | None = None,
    ) -> None:
        self.source = source
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        """Read images and labels from the source."""
        part = "train" if self.train else "t10k"
        if isinstance(self.source, tuple):
            if len(self.source) != 2:
                raise ValueError(f"source must hold two files, (images, labels); got {len(self.source)}")
            images, labels = self.source
            images_name, labels_name = "the image file", "the label file"
        else:
            images, images_name = _read(self.source, f"{part}-images-idx3-ubyte")
            labels, labels_name = _read(self.source, f"{part}-labels-idx1-ubyte")
        data = read_idx(images, 3, images_name)
        label = read_idx(labels, 1, labels_name)
        if data.shape[1:] != (28, 28):
            raise ValueError(f"{images_name} must hold images of 28 x 28 pixels; its shape is {data.shape}")
        if len(label) != len(data):
            raise ValueError(f"{len(data)} images in {images_name}, but {len(label)} labels in {labels_name}")
        self.data = data[:, np.newaxis]  # (N, 1, 28, 28)
        self.label = label.astype(np.int32)

    def show(self, row: int = 10, col: int = 10) -> None:
        """Draw randomly chosen images in `row` rows and `col` columns; needs matplotlib.

        Raises:
            ModuleNotFoundError: matplotlib is not installed.
        """
        show_grid(self, row, col)

    @staticmethod
    def labels() -> dict[int, str]:
        """The name of each label.

        Example:
            >>> MNIST.labels()[7]
            '7'
        """
        return {digit: str(digit) for digit in range(10)}


def _read(source: Place | None, name: str) -> tuple[bytes, str]:
    """Contents of one of the files, and the place where it was found."""
    dotted = name.replace("-idx", ".idx")
    spellings = [name, f"{name}.gz", dotted, f"{dotted}.gz"]
    if source is not None:
        return read_first(source, spellings)
    folder = cache_dir() / _MNIST_FILES[name]
    try:
        return read_first(folder, spellings)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"MNIST is not in the cache: there is no {folder / name}; pass source=, a folder, an address or "
            "the files' contents, or fill the cache: in a checkout of pyconvlite, ./build.sh test does"
        ) from error


# -------------------------------------------------------------------------------------------------- IDX files


def read_idx(contents: Bytes, ndim: int, name: str = "the contents") -> Array:
    """Read an array of bytes in the IDX format, that of MNIST's files.

    Args:
        contents: of the file, plain or gzipped.
        ndim: number of axes that the array must have: 3 for images, 1 for labels.
        name: what to call the contents in an error message.

    Returns:
        uint8 array, read-only; a view of `contents` unless these are gzipped.

    Raises:
        ValueError: damaged gzip, wrong magic number, or not exactly as many bytes as the header announces.

    Example:
        >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]), ndim=1)
        array([7, 3], dtype=uint8)
    """
    contents = unpacked(contents, name)
    magic = bytes([0, 0, 8, ndim])  # 8: unsigned bytes
    if len(contents) >= 4 and contents[:4] != magic:
        found = bytes(contents[:4]).hex()
        raise ValueError(f"{name} starts with {found}, not with {magic.hex()} as IDX files of {ndim} axes do")
    header = 4 + 4 * ndim
    if len(contents) < header:
        raise ValueError(f"{name} is truncated: {len(contents)} bytes, where the header alone has {header}")
    shape = struct.unpack_from(f">{ndim}I", contents, 4)
    size, needed = len(contents) - header, math.prod(shape)
    if size != needed:
        fault = "truncated" if size < needed else "too long"
        raise ValueError(f"{name} is {fault}: {size} bytes of data; shape {shape} takes {needed}")
    array = np.frombuffer(contents, dtype=np.uint8, offset=header).reshape(shape)
    array.flags.writeable = False
    return array
