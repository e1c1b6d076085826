"""Dataset, and Images, the base of image datasets."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, SupportsIndex

import numpy as np

from .._random import rng
from .._shapes import Array

Transform = Callable[[Any], Any]


def _unchanged(x: Any) -> Any:
    return x


class Dataset:
    """Base class of datasets: `dataset[i]` is the pair (example, label), each with its transform applied.

    A subclass defines `prepare`, which sets `data` and, if there are labels, `label`.

    Args:
        train: True for the training set, False for the test set.
        transform: function applied to each example; None for no change.
        target_transform: function applied to each label; None for no change.

    Attributes:
        data: array or sequence of N examples.
        label: array or sequence of N labels, or None.

    Raises:
        TypeError: `train` is not a bool; or a transform is not callable, or is a class of transforms.
        ValueError: there are not as many labels as examples.

    Example:
        >>> import numpy as np
        >>> class Squares(Dataset):
        ...     def prepare(self):
        ...         self.data = np.arange(5.0)
        ...         self.label = self.data**2
        >>> len(Squares()), Squares()[3]
        (5, (np.float64(3.0), np.float64(9.0)))
    """

    # For a subclass whose __init__ does not call this one.
    transform: Transform = staticmethod(_unchanged)
    target_transform: Transform = staticmethod(_unchanged)
    data: Any = None
    label: Any = None

    def __init__(
        self,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        if not isinstance(train, bool | np.bool_):  # as in MNIST("test")
            raise TypeError(f"train must be True or False; got {train!r}: train=False is the test set")
        for name, f in (("transform", transform), ("target_transform", target_transform)):
            if f is not None and not callable(f):
                raise TypeError(f"{name} must be a function of one argument, or None; got {f!r}")
            if isinstance(f, type) and any("__call__" in vars(base) for base in f.__mro__):
                raise TypeError(f"{name} must be an instance; got a class: write {f.__name__}()")
        self.train = train
        self.transform = transform or _unchanged
        self.target_transform = target_transform or _unchanged
        self.prepare()
        if self.data is not None and self.label is not None:
            check_labels(self.data, self.label)

    def __getitem__(self, index: SupportsIndex) -> tuple[Any, Any]:
        """The pair (example, label) at an index; the label is None if the dataset has no labels.

        Raises:
            TypeError: the index is not an integer.
            IndexError: the index is out of range.
        """
        try:
            i = operator.index(index)
        except TypeError:
            raise TypeError(
                f"index must be an integer; got {index!r}: for several examples use Subset(dataset, indices)"
            ) from None
        label = None if self.label is None else self.target_transform(self.label[i])
        return self.transform(self.data[i]), label

    def __iter__(self) -> Iterator[Any]:
        # Python's default stops only when `__getitem__` raises IndexError, which a subclass's may never do.
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        if self.data is None:
            raise ValueError(f"{type(self).__name__} must set `data` in prepare, or define __len__")
        return len(self.data)

    def prepare(self) -> None:
        """Set `data` and `label`; called once, at the end of `__init__`."""


def check_labels(data: Any, label: Any) -> None:
    """Raise ValueError unless there is one label per example.

    Example:
        >>> check_labels([0.5, 1.5], [0])
        Traceback (most recent call last):
        ValueError: label must have one label per example; got 1 for 2 examples
    """
    if len(label) != len(data):
        raise ValueError(f"label must have one label per example; got {len(label)} for {len(data)} examples")


class Images(Dataset):
    """Base of datasets whose `data` are images (N, C, H, W)."""

    def show(self, row: int = 10, col: int = 10) -> None:
        """Draw random images in a grid of `row` x `col`; needs matplotlib.

        Raises:
            ModuleNotFoundError: matplotlib is not installed.
        """
        try:
            import matplotlib.pyplot as plt  # type: ignore[import-not-found,unused-ignore]
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"{type(self).__name__}.show needs matplotlib: install it") from error
        images: Array = self.data[rng().integers(len(self), size=row * col)]
        C, H, W = images.shape[1:]
        grid = images.reshape(row, col, C, H, W).transpose(0, 3, 1, 4, 2)  # (row, H, col, W, C)
        grid = grid.reshape(row * H, col * W, C)
        plt.imshow(grid[:, :, 0] if C == 1 else grid, cmap="gray", interpolation="nearest")
        plt.axis("off")
        plt.show()
