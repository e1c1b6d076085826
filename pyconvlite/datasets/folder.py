"""ImageFolder, a dataset of image files in one folder per class."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator
from typing import Any, NoReturn, SupportsIndex

import numpy as np

from ..transforms import Compose, Normalize, ToArray
from ..transforms.images import as_rgb, pillow
from .base import Dataset, Transform
from .reading import Place

_ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


class ImageFolder(Dataset):
    """Images in the subfolders of a folder, one per class, as torchvision's ImageFolder reads them.

    The classes are the names of the folders in sorted order. In each, the image files of all depths are
    taken, also in sorted order. Hidden files and folders, whose names begin with a dot, and `__MACOSX`, which
    macOS puts into zip archives, are left out. A file is opened whenever its example is requested; this needs
    Pillow.

    Args:
        root: the folder that holds those of the classes.
        transform: function applied to each image, a Pillow image of the mode RGB. The default returns a
            float32 array (3, H, W), from 0 to 1; a Resize before it gives all images one size.
        target_transform: function applied to each label, a NumPy integer.

    Attributes:
        classes: names of the classes, in the order of their labels.
        class_to_idx: the label of each name.
        data: paths of the files.
        label: int32 array (N,).

    Raises:
        FileNotFoundError: `root` is not a folder, it has no folders, or one of these has no images.
        OSError: a folder cannot be read.
        TypeError: `root` is not a path.
        ModuleNotFoundError: for `dataset[i]`, Pillow is not installed.
        ValueError: for `dataset[i]`, the file is not an image, or is damaged.

    Example:
        >>> import tempfile
        >>> root = tempfile.TemporaryDirectory()
        >>> for name in ("cat/1.png", "cat/old/2.jpg", "dog/3.png"):
        ...     path = os.path.join(root.name, name)
        ...     os.makedirs(os.path.dirname(path), exist_ok=True)
        ...     open(path, "wb").close()
        >>> dataset = ImageFolder(root.name)
        >>> dataset.classes, dataset.label.tolist()
        (['cat', 'dog'], [0, 0, 1])
        >>> root.cleanup()
    """

    def __init__(
        self,
        root: Place,
        transform: Transform | None = Compose([ToArray(), Normalize(0.0, 255.0)]),  # noqa: B008
        target_transform: Transform | None = None,
    ) -> None:
        if not isinstance(root, str | os.PathLike):
            raise TypeError(f"root must be the path of a folder; got {type(root).__name__}")
        self.root = os.fspath(root)
        super().__init__(True, transform, target_transform)

    def prepare(self) -> None:
        """Find the files."""
        if not os.path.isdir(self.root):
            raise FileNotFoundError(f"root must be a folder; there is none at {self.root!r}")
        self.classes = sorted(
            entry.name for entry in os.scandir(self.root) if entry.is_dir() and _is_visible(entry.name)
        )
        if not self.classes:
            raise FileNotFoundError(f"root must hold a folder for each class; {self.root!r} has no folders")
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        files = [list(_images(os.path.join(self.root, name))) for name in self.classes]
        if empty := [name for name, found in zip(self.classes, files, strict=True) if not found]:
            raise FileNotFoundError(
                f"no images in {', '.join(empty)} of {self.root!r}; names must end in {', '.join(_ENDINGS)}"
            )
        self.data = [path for found in files for path in found]
        self.label = np.repeat(np.arange(len(files), dtype=np.int32), [len(found) for found in files])

    def __getitem__(self, index: SupportsIndex) -> tuple[Any, Any]:
        """The pair (image, label) at an index, each with its transform applied.

        Raises:
            TypeError: the index is not an integer.
            IndexError: the index is out of range.
            ModuleNotFoundError: Pillow is not installed.
            OSError: the file cannot be read.
            ValueError: the file is not an image, or is damaged.
        """
        i = operator.index(index)
        path, image_module = self.data[i], pillow("ImageFolder")
        with open(path, "rb") as file:
            try:
                image = as_rgb(image_module.open(file))
            # What Pillow's readers raise for damaged files, and for a header with a huge size.
            except (OSError, SyntaxError, ValueError, image_module.DecompressionBombError) as error:
                raise ValueError(f"{path} is not an image, or damaged: {error}") from error
        return self.transform(image), self.target_transform(self.label[i])


def _images(folder: str) -> Iterator[str]:
    """Paths of the image files in a folder and those inside it.

    A link to a folder that contains it is not followed: it would give the same images endlessly.
    """
    found = []
    for place, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        here = os.path.join(os.path.realpath(place), "")
        targets = {name: os.path.realpath(os.path.join(place, name)) for name in folders if _is_visible(name)}
        folders[:] = [
            name for name, target in targets.items() if not here.startswith(os.path.join(target, ""))
        ]
        found.append((place, names))
    for place, names in sorted(found):
        for name in sorted(names):
            if name.lower().endswith(_ENDINGS) and _is_visible(name):
                yield os.path.join(place, name)


def _is_visible(name: str) -> bool:
    """Whether a file or folder is read; Jupyter's `.ipynb_checkpoints` and macOS's `._1.jpg` are not."""
    return not name.startswith(".") and name != "__MACOSX"


def _raise(error: OSError) -> NoReturn:
    """Raise the error of a folder that cannot be read, which `os.walk` would leave out."""
    raise error
