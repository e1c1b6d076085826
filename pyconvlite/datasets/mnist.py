"""MNIST, and a reader of the IDX files that it comes in (book step 51)."""

from __future__ import annotations

import hashlib
import math
import struct

import numpy as np

from .. import _fetch
from .._files import replacing
from .._shapes import Array
from ..transforms import Compose, Flatten, Normalize, ToFloat
from .base import Images, Transform
from .reading import Bytes, Contents, Place, first_of

Source = Place | tuple[Bytes, Bytes]


# The authors' name of each file, and its sha256, which names its folder in the cache.
_MNIST_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class MNIST(Images):
    r"""Handwritten digits of 28 x 28 pixels: 60,000 training images and 10,000 test images.

    Datasets in the same format, such as Fashion-MNIST, can be read too.

    Args:
        train: True for the training images, False for the test images.
        transform: function applied to each image, a uint8 array (1, 28, 28). The default returns a float32
            array (784,), from 0 to 1; for a CNN use `Compose([ToFloat(), Normalize(0.0, 255.0)])`.
        target_transform: function applied to each label, a NumPy integer.
        source: a folder or an `http(s)://` URL with the two IDX files, plain or gzipped, under their
            usual names (`train-images-idx3-ubyte` or `train-images.idx3-ubyte`, with or without `.gz`); or
            their contents, (images, labels). None reads them from the cache, or in a notebook of the site
            from the site, and verifies their sha256.

    Attributes:
        data: read-only uint8 array (N, 1, 28, 28).
        label: int32 array (N,).

    Raises:
        FileNotFoundError: `source` or the cache does not have the files.
        TypeError: `source` is none of these.
        ValueError: the tuple does not have two items; or a file has a wrong magic number, is truncated, has
            images of another size, there are not as many labels as images, or the file in the cache is not
            that of MNIST.

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
        if isinstance(self.source, tuple):
            if len(self.source) != 2:
                raise ValueError(f"source must have two items, (images, labels); got {len(self.source)}")
            images_name, labels_name = "the image file", "the label file"
            data, label = read_idx(self.source[0], 3, images_name), read_idx(self.source[1], 1, labels_name)
        else:
            part = "train" if self.train else "t10k"
            data, images_name = _read(self.source, f"{part}-images-idx3-ubyte", 3)
            label, labels_name = _read(self.source, f"{part}-labels-idx1-ubyte", 1)
        if data.shape[1:] != (28, 28):
            raise ValueError(f"{images_name} must have images of 28 x 28 pixels; its shape is {data.shape}")
        if len(label) != len(data):
            raise ValueError(
                f"{images_name} has {len(data)} images, but {labels_name} has {len(label)} labels"
            )
        self.data = data[:, np.newaxis]  # (N, 1, 28, 28)
        self.label = label.astype(np.int32)

    @staticmethod
    def labels() -> dict[int, str]:
        """The name of each label.

        Example:
            >>> MNIST.labels()[7]
            '7'
        """
        return {digit: str(digit) for digit in range(10)}


def _read(source: Place | None, name: str, ndim: int) -> tuple[Array, str]:
    """Array and path of one of the files; in the cache, it must be the authors' file."""
    dotted = name.replace("-idx", ".idx")
    spellings = [name, f"{name}.gz", dotted, f"{dotted}.gz"]
    folder = _fetch.cache_dir() / _MNIST_FILES[name]
    if source is None and _fetch.site() and not any((folder / spelling).exists() for spelling in spellings):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / name) as file:
            file.write(_of_site(name, ndim))
    try:
        with first_of(folder if source is None else source, spellings) as contents:
            array = _read_idx(contents, ndim)
    except FileNotFoundError as error:
        if source is not None:
            raise
        raise FileNotFoundError(
            f"MNIST is not in the cache: there is no {folder / name}; pass a folder, a URL or the "
            "contents of the files as source; outside of a browser ./build.sh site in a checkout of "
            "pyconvlite fills the cache"
        ) from error
    if source is None:
        check_authentic(array, name, contents.name)
    return array, contents.name


def _of_site(name: str, ndim: int) -> bytes:
    """A file of MNIST, put together from the parts that pyconvlite's site has."""
    stem = name.rsplit("-", 2)[0]
    parts = [f"{stem}-{i}.gz" for i in range(6)] if stem.startswith("train") else [f"{stem}.gz"]
    arrays = []
    for part in parts:
        with _fetch.opened(f"{_fetch.site()}/mnist/{part}") as file:
            arrays.append(_read_idx(Contents(file, part), ndim))
    whole = np.concatenate(arrays)
    return idx_header(whole.shape) + whole.tobytes()


def check_authentic(array: Array, name: str, path: str) -> None:
    """Raise ValueError unless the array, read from `path`, is that of MNIST's file `name`."""
    sha256 = hashlib.sha256(idx_header(array.shape))
    sha256.update(array.data)
    if sha256.hexdigest() != _MNIST_FILES[name]:
        raise ValueError(f"{path} is not the file of MNIST: its sha256 is {sha256.hexdigest()}; delete it")


# -------------------------------------------------------------------------------------------------- IDX files


def read_idx(contents: Bytes, ndim: int, name: str = "the contents") -> Array:
    """Read a uint8 array from an IDX file, the format of MNIST's files.

    Args:
        contents: contents of the file, plain or gzipped.
        ndim: number of axes that the array must have: 3 for images, 1 for labels.
        name: name of the file in error messages.

    Returns:
        Read-only uint8 array; a view of `contents` unless they are gzipped. No more is decompressed than the
        header says.

    Raises:
        TypeError: `contents` is not bytes.
        ValueError: the gzipped contents are damaged, the magic number is wrong, or the size differs from the
            header's.

    Example:
        >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]), ndim=1)
        array([7, 3], dtype=uint8)
    """
    return _read_idx(Contents(contents, name), ndim)


def _read_idx(contents: Contents, ndim: int) -> Array:
    """As `read_idx`; no more is read than the header says."""
    name = contents.name
    magic = idx_header((0,) * ndim)[:4]
    length = 4 + 4 * ndim
    header = contents.read(length)
    if len(header) >= 4 and header[:4] != magic:
        found = bytes(header[:4]).hex()
        raise ValueError(f"{name} starts with {found}; an IDX file of {ndim} axes starts with {magic.hex()}")
    if len(header) < length:
        raise ValueError(
            f"{name} is truncated: it has {len(header)} bytes, and the header alone has {length}"
        )
    shape = struct.unpack_from(f">{ndim}I", header, 4)
    needed = math.prod(shape)
    data = contents.read(needed + 1)
    if len(data) < needed:
        raise ValueError(
            f"{name} is truncated: it has {len(data)} bytes of data; shape {shape} needs {needed}"
        )
    if len(data) > needed:
        raise ValueError(f"{name} is too long: it has more than the {needed} bytes of shape {shape}")
    array = np.frombuffer(data, dtype=np.uint8).reshape(shape)
    array.flags.writeable = False
    return array


def idx_header(shape: tuple[int, ...]) -> bytes:
    """Header of an IDX file of unsigned bytes.

    Example:
        >>> idx_header((2,)).hex()
        '0000080100000002'
    """
    return struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)
