"""CIFAR-10 and CIFAR-100, read from files in the authors' binary format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from .._arguments import one_of
from .._shapes import Array
from ..transforms import Compose, Normalize, ToFloat
from .base import Images, Transform
from .reading import Bytes, Contents, Place, first_of

Source = Place | Bytes | tuple[Bytes, ...]

_PIXELS = 3 * 32 * 32
_MOST = 60_000  # images of all files together


class CIFAR10(Images):
    """Photographs of 32 x 32 pixels in ten classes: 50,000 training images and 10,000 test images.

    Download the binary version from https://www.cs.toronto.edu/~kriz/cifar.html.

    Args:
        train: True for the training images, False for the test images.
        transform: function applied to each image, a uint8 array (3, 32, 32). The default is DeZero's,
            `2 * pixel - 1`, which gives float32 from -1 to 509; `Normalize(127.5, 127.5)` gives -1 to 1.
        target_transform: function applied to each label, a NumPy integer.
        source: a folder or an `http(s)://` URL with the files `data_batch_1.bin` to `data_batch_5.bin`
            and `test_batch.bin`, plain or gzipped; or the contents of one file, or of several in a tuple.

    Attributes:
        data: read-only uint8 array (N, 3, 32, 32).
        label: int32 array (N,).

    Raises:
        FileNotFoundError: `source` is None, or does not have the files.
        TypeError: `source` is none of these.
        ValueError: a file has the wrong size or a label that is out of range, the tuple is empty, or there
            are more than 60,000 images.

    Example:
        >>> cifar = CIFAR10(source=bytes([3]) + bytes(3072))  # one black image, labeled as a cat
        >>> image, label = cifar[0]
        >>> image.shape, image.dtype, CIFAR10.labels()[int(label)]
        ((3, 32, 32), dtype('float32'), 'cat')
    """

    _archive = "cifar-10-binary.tar.gz"
    _train_files: ClassVar[Sequence[str]] = [f"data_batch_{i}.bin" for i in range(1, 6)]
    _test_files: ClassVar[Sequence[str]] = ["test_batch.bin"]
    _label_bytes = 1
    _label_byte = 0

    def __init__(
        self,
        train: bool = True,
        transform: Transform | None = Compose([ToFloat(), Normalize(mean=0.5, std=0.5)]),  # noqa: B008
        target_transform: Transform | None = None,
        *,
        source: Source | None = None,
    ) -> None:
        self.source = source
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        """Read images and labels from the source."""
        parts: list[Array] = []
        for contents in self._files():
            part = self._records(contents, _MOST - sum(map(len, parts)))
            if not len(part) and not isinstance(self.source, Bytes):  # for example after a failed download
                raise ValueError(f"{contents.name} is empty")
            parts.append(part)
        records = np.concatenate(parts) if len(parts) > 1 else parts[0]
        self.data = records[:, self._label_bytes :].reshape(-1, 3, 32, 32)
        self.data.flags.writeable = False
        self.label = records[:, self._label_byte].astype(np.int32)

    def _files(self) -> Iterator[Contents]:
        """The files, each open until the next one."""
        if self.source is None:
            raise FileNotFoundError(
                f"{type(self).__name__} is not downloaded automatically: get {self._archive} from "
                "https://www.cs.toronto.edu/~kriz/cifar.html, unpack it, and pass the folder as source"
            )
        if isinstance(self.source, tuple):
            if not self.source:
                raise ValueError("source must have the contents of at least one file; got ()")
            for i, source in enumerate(self.source):
                yield Contents(source, f"file {i}")
        elif isinstance(self.source, Bytes):
            yield Contents(self.source, "the file")
        else:
            for name in self._train_files if self.train else self._test_files:
                with first_of(self.source, [name, f"{name}.gz"]) as contents:
                    yield contents

    def _records(self, file: Contents, most: int) -> Array:
        """Records of a file as rows: label bytes, then pixels."""
        name = file.name
        length = self._label_bytes + _PIXELS
        contents = file.read(most * length + 1)
        if len(contents) > most * length:
            raise ValueError(f"{name} is too long: {type(self).__name__} has at most {_MOST} images")
        if len(contents) % length:
            raise ValueError(
                f"{name} is truncated or not a file of {type(self).__name__}: its size, {len(contents)} "
                f"bytes, is not a multiple of {length} ({self._label_bytes} label and {_PIXELS} pixels)"
            )
        records: Array = np.frombuffer(contents, dtype=np.uint8).reshape(-1, length)
        labels, known = records[:, self._label_byte], len(self._names())
        if labels.size and labels.max() >= known:
            raise ValueError(
                f"{name} has the label {labels.max()}; labels of {type(self).__name__} are in 0..{known - 1}"
            )
        return records

    def _names(self) -> Sequence[str]:
        return _NAMES10

    @staticmethod
    def labels() -> dict[int, str]:
        """The name of each label.

        Example:
            >>> CIFAR10.labels()[9]
            'truck'
        """
        return dict(enumerate(_NAMES10))


class CIFAR100(CIFAR10):
    """Photographs like those of CIFAR10, in 100 classes, which form 20 superclasses.

    Args:
        train, transform, target_transform: as in CIFAR10.
        label_type: "fine" for the 100 classes, "coarse" for the 20 superclasses.
        source: as in CIFAR10; the files are `train.bin` and `test.bin`.

    Attributes:
        data, label: as in CIFAR10.

    Raises:
        FileNotFoundError, TypeError: as in CIFAR10.
        ValueError: as in CIFAR10, or `label_type` is neither "fine" nor "coarse".

    Example:
        >>> contents = bytes([11, 98]) + bytes(3072)  # one image: coarse label, fine label, pixels
        >>> for label_type in ("coarse", "fine"):
        ...     label = CIFAR100(label_type=label_type, source=contents).label[0]
        ...     print(CIFAR100.labels(label_type)[int(label)])
        large_omnivores_and_herbivores
        woman
    """

    _archive = "cifar-100-binary.tar.gz"
    _train_files: ClassVar[Sequence[str]] = ["train.bin"]
    _test_files: ClassVar[Sequence[str]] = ["test.bin"]
    _label_bytes = 2

    def __init__(
        self,
        train: bool = True,
        transform: Transform | None = Compose([ToFloat(), Normalize(mean=0.5, std=0.5)]),  # noqa: B008
        target_transform: Transform | None = None,
        label_type: str = "fine",
        *,
        source: Source | None = None,
    ) -> None:
        self._label_byte = _label_byte(label_type)
        self.label_type = label_type
        super().__init__(train, transform, target_transform, source=source)

    def _names(self) -> Sequence[str]:
        return _NAMES100[self._label_byte]

    @staticmethod
    def labels(label_type: str = "fine") -> dict[int, str]:
        """The name of each label.

        Raises:
            ValueError: `label_type` is neither "fine" nor "coarse".

        Example:
            >>> CIFAR100.labels()[0], CIFAR100.labels("coarse")[0]
            ('apple', 'aquatic_mammals')
        """
        return dict(enumerate(_NAMES100[_label_byte(label_type)]))


def _label_byte(label_type: str) -> int:
    """Index of the label among a record's two label bytes."""
    types = "coarse", "fine"
    return types.index(one_of(label_type, "label_type", types))


_NAMES10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]

_COARSE = """
aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices
household_furniture insects large_carnivores large_man-made_outdoor_things
large_natural_outdoor_scenes large_omnivores_and_herbivores medium_mammals non-insect_invertebrates
people reptiles small_mammals trees vehicles_1 vehicles_2
"""

_FINE = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid
otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
wardrobe whale willow_tree wolf woman worm
"""

_NAMES100 = (_COARSE.split(), _FINE.split())
