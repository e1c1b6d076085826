"""`dezero.datasets`: the book's data, drawn by `numpy.random`, or read from a cache or a URL."""

from __future__ import annotations

import ast
import contextlib
import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .. import _fetch, _npz, datasets
from .._files import replacing
from .._shapes import Array
from ..datasets import Dataset
from ..datasets.mnist import _MNIST_FILES, check_authentic, idx_header, read_idx
from ..transforms import Flatten, Normalize, ToFloat
from ..utils import cache_dir as verified_dir
from . import utils
from .transforms import Compose
from .utils import cache_dir, get_file

globals().update({name: getattr(datasets, name) for name in datasets.__all__})  # those below replace them

# ----------------------------------------------------------------------------------------------- drawn curves


def get_spiral(train: bool = True) -> tuple[Array, Array]:
    """As `pyconvlite.datasets.get_spiral`; like DeZero's it seeds `numpy.random`.

    Example:
        >>> x, t = get_spiral()
        >>> round(np.random.rand(), 6)  # the same each time
        0.864611
    """
    np.random.seed(1984 if train else 2020)
    # Draw as many numbers as DeZero does, for the points and their order, so that later numbers agree.
    np.random.randn(300)
    np.random.permutation(300)
    return datasets.get_spiral(train)


class Spiral(datasets.Spiral):
    """The points of `get_spiral` as a dataset.

    Example:
        >>> len(Spiral())
        300
    """

    def prepare(self) -> None:
        """Compute the points."""
        self.data, self.label = get_spiral(self.train)


class SinCurve(datasets.SinCurve):
    """As `pyconvlite.datasets.SinCurve`; `numpy.random.uniform` draws the noise, for the test set too.

    Example:
        >>> SinCurve(train=False)[0]
        (array([1.]), array([0.99998022]))
    """

    def prepare(self) -> None:
        """Compute the points."""
        x = np.linspace(0, 2 * np.pi, 1000)
        noise = np.random.uniform(-0.05, 0.05, size=x.shape)
        y = np.sin(x) + noise if self.train else np.cos(x)
        self.data, self.label = y[:-1, np.newaxis], y[1:, np.newaxis]


# ------------------------------------------------------------------------------------------ files of pictures


class MNIST(datasets.MNIST):
    """As `pyconvlite.datasets.MNIST`; without `source` the files may come from other places too.

    They are searched for in this order: the cache of pyconvlite, DeZero's (`utils.cache_dir`), the site of a
    notebook, `ADDRESS`. The sha256 is always verified.

    Attributes:
        ADDRESS: URL of the gzipped files; assign to it to use a mirror.

    Raises:
        OSError: the files cannot be fetched.
        ValueError: a file is not that of MNIST.

    Example:
        >>> MNIST.labels()[7]
        '7'
    """

    ADDRESS: ClassVar[str] = "https://ossci-datasets.s3.amazonaws.com/mnist/"

    def prepare(self) -> None:
        """Fetch the files, if they are not in the cache, and read them."""
        if self.source is None:
            part = "train" if self.train else "t10k"
            self._provide(f"{part}-images-idx3-ubyte")
            self._provide(f"{part}-labels-idx1-ubyte")
        super().prepare()

    def _provide(self, name: str) -> None:
        plain = verified_dir() / _MNIST_FILES[name] / name
        packed = plain.with_name(f"{name}.gz")
        if plain.exists() or packed.exists():
            return
        fetched_by_dezero = Path(utils.cache_dir, packed.name)
        if fetched_by_dezero.exists():
            contents = fetched_by_dezero.read_bytes()
            array = read_idx(contents, 3 if "idx3" in name else 1, str(fetched_by_dezero))
            check_authentic(array, name, str(fetched_by_dezero))  # before it is copied
            _write(packed, contents)
        elif not _fetch.site():
            _fetch.download(f"{self.ADDRESS.rstrip('/')}/{packed.name}", packed)


def _write(path: Path, contents: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(contents)


class CIFAR10(datasets.CIFAR10):
    """As `pyconvlite.datasets.CIFAR10`; without `source` it comes from DeZero's cache or a server.

    DeZero's own archive, `cifar-10-python.tar.gz`, is not read, since it is a pickle, which may run code; the
    npz files that DeZero makes of it are.

    Attributes:
        ADDRESS: URL of the archive, 163 MB; assign to it to use a mirror.

    Raises:
        OSError: the archive cannot be fetched.
        ValueError: it does not have the files, or one has the wrong size.

    Example:
        >>> CIFAR10.labels()[3]
        'cat'
    """

    ADDRESS: ClassVar[str] = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    _made_by_dezero: ClassVar[str] = "cifar-10-python.tar.gz"

    def prepare(self) -> None:
        """Read images and labels."""
        if self.source is not None:
            super().prepare()
            return
        self.data, self.label = self._kept_by_dezero()
        if self.data is None:
            self.source = _members(
                get_file(self.ADDRESS), self._train_files if self.train else self._test_files
            )
            super().prepare()
            self.source = None

    def _kept_by_dezero(self) -> tuple[Any, Any]:
        return load_cache_npz(self._made_by_dezero, self.train)


class CIFAR100(CIFAR10, datasets.CIFAR100):
    """As `pyconvlite.datasets.CIFAR100`; without `source` it comes from DeZero's cache or a server.

    Attributes:
        ADDRESS: URL of the archive, 161 MB; assign to it to use a mirror.

    Raises:
        OSError, ValueError: as in CIFAR10.

    Example:
        >>> CIFAR100.labels("coarse")[11]
        'large_omnivores_and_herbivores'
    """

    ADDRESS: ClassVar[str] = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
    _made_by_dezero: ClassVar[str] = "cifar-100-python.tar.gz"

    def _kept_by_dezero(self) -> tuple[Any, Any]:
        fine = self.label_type == "fine"  # DeZero's file does not say which labels it has
        return super()._kept_by_dezero() if fine else (None, None)


def _members(archive: str, names: Any) -> tuple[bytes, ...]:
    """Contents of some of the files in a tar archive, whose sizes are checked first."""
    found = {}
    with _reporting_damage(archive), tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            name = member.name.rpartition("/")[2]
            if name in names and member.isfile() and member.size <= 200_000_000:
                found[name] = tar.extractfile(member).read()  # type: ignore[union-attr] # it is a file
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"{archive} does not have {', '.join(missing)}")
    return tuple(found[name] for name in names)


@contextlib.contextmanager
def _reporting_damage(path: str | Path) -> Iterator[None]:
    """Raise ValueError in place of the libraries' own errors about a damaged archive."""
    try:
        yield
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise ValueError(
            f"{path} is damaged; delete it, so that it is made or fetched again: {error}"
        ) from error


class ImageNet(Dataset):
    """The names of ImageNet's classes; there are no pictures, as in DeZero.

    Attributes:
        ADDRESS: URL of the names, a Python dictionary as text.

    Example:
        >>> ImageNet().data is None
        True
    """

    ADDRESS: ClassVar[str] = (
        "https://gist.githubusercontent.com/yrevar/942d3a0ac09ec9e5eb3a/raw/"
        "238f720ff059c1f82f368259d1ca4ffa5dd8f9f5/imagenet1000_clsidx_to_labels.txt"
    )

    def __init__(self) -> None:
        super().__init__()

    @classmethod
    def labels(cls) -> dict[int, str]:
        """The name of each label, from DeZero's cache or a URL.

        Raises:
            OSError: the names cannot be fetched.
        """
        names: dict[int, str] = ast.literal_eval(Path(get_file(cls.ADDRESS)).read_text("utf-8"))
        return names


# ------------------------------------------------------------------------------------------------------- text


class Shakespear(Dataset):
    """Shakespeare's text as character ids; each label is the next id.

    Attributes:
        ADDRESS: URL of the text.
        data, label: integer arrays (1115393,).
        char_to_id, id_to_char: dictionaries between characters and ids, in order of their first use.

    Raises:
        OSError: the text cannot be fetched.

    Example:
        >>> Shakespear.ADDRESS.rpartition("/")[2]
        'input.txt'
    """

    ADDRESS: ClassVar[str] = (
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
    )

    def prepare(self) -> None:
        """Read the text."""
        text = Path(get_file(self.ADDRESS, "shakespear.txt")).read_text("utf-8")
        self.id_to_char = dict(enumerate(dict.fromkeys(text)))
        self.char_to_id = {char: i for i, char in self.id_to_char.items()}
        ids = np.array([self.char_to_id[char] for char in text])
        self.data, self.label = ids[:-1], ids[1:]


# --------------------------------------------------------------------------------------------- DeZero's cache


def _path(filename: str, train: bool) -> Path:
    return Path(utils.cache_dir, f"{filename.rpartition('/')[2]}.{'train' if train else 'test'}.npz")


def load_cache_npz(filename: str, train: bool = False) -> tuple[Any, Any]:
    """Data and labels that `save_cache_npz` saved in `cache_dir`; (None, None) if there are none.

    Args:
        filename: the name or URL that the data was saved under.
        train: whether it is the training set.

    Raises:
        ValueError: the file is damaged.

    Example:
        >>> load_cache_npz("nothing")
        (None, None)
    """
    path = _path(filename, train)
    if not path.exists():
        return None, None
    with _reporting_damage(path), _npz.opened(path, 2) as archive:
        data, label = map(archive.header, ("data", "label"))
        return archive.read(data), archive.read(label)


def save_cache_npz(data: Array, label: Array, filename: str, train: bool = False) -> str | None:
    """Save data and labels as an npz archive in `cache_dir`; return its path, or None if it exists.

    Args:
        data, label: arrays.
        filename: name to save under; of a URL, the last part is used.
        train: whether it is the training set.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as utils.cache_dir:
        ...     path = save_cache_npz(np.zeros(2), np.ones(2), "a")
        ...     load_cache_npz("a")
        Saving: a.test.npz
         Done
        (array([0., 0.]), array([1., 1.]))
        >>> utils.cache_dir = cache_dir
    """
    path = _path(filename, train)
    if path.exists():
        return None
    print(f"Saving: {path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        np.savez_compressed(file, data=data, label=label)
    print(" Done")
    return str(path)
