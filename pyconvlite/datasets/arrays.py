"""ArrayDataset, Subset and random_split: datasets of arrays in memory, and parts of datasets."""

from __future__ import annotations

import itertools
import math
import numbers
import operator
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from .._arguments import Examples, at_least, examples, number
from .._random import rng
from .._shapes import Array
from .base import Dataset, Transform, check_labels

if TYPE_CHECKING:  # slow to import in a browser
    from numpy.typing import ArrayLike


class ArrayDataset(Dataset):
    """Examples and labels in arrays.

    As PyTorch's TensorDataset, but with transforms, and with None as the label where there are no labels.

    Args:
        data: array or sequence of N examples, which is not copied if it is an array.
        label: array or sequence of N labels, or None.
        transform, target_transform: as in Dataset.

    Attributes:
        data, label: the arrays.

    Raises:
        TypeError: a transform is not callable.
        ValueError: `data` or `label` has no axis, or there are not as many labels as examples.

    Example:
        >>> dataset = ArrayDataset(np.zeros((10, 3, 32, 32)), np.arange(10), transform=lambda x: x + 1)
        >>> x, t = dataset[2]
        >>> len(dataset), x.shape, float(x.max()), int(t)
        (10, (3, 32, 32), 1.0, 2)
    """

    def __init__(
        self,
        data: ArrayLike,
        label: ArrayLike | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        super().__init__(True, transform, target_transform)
        self.data = np.asarray(data)
        self.label = None if label is None else np.asarray(label)
        for name, array in (("data", self.data), ("label", self.label)):
            if array is not None and array.ndim == 0:
                raise ValueError(f"{name} must be an array of N items; got {array}")
        if self.label is not None:
            check_labels(self.data, self.label)


class Subset:
    """The examples of a dataset at given indices.

    Args:
        dataset: Dataset or sequence of pairs (example, label).
        indices: indices of the examples, in the order in which the subset has them.

    Raises:
        TypeError: `dataset` has no `__len__` or `__getitem__`, or an index is not an integer.
        ValueError: `indices` is not 1-d, or an index is out of range.

    Example:
        >>> subset = Subset([(0.5, 0), (1.5, 1), (2.5, 0)], [2, 0])
        >>> len(subset), subset[0]
        (2, (2.5, 0))
    """

    def __init__(self, dataset: Examples, indices: Sequence[int] | Array) -> None:
        self.dataset = examples(dataset)
        self.indices = np.array(indices, dtype=None if np.size(indices) else np.intp)
        if self.indices.ndim != 1:
            raise ValueError(f"indices must have one axis; got shape {self.indices.shape}")
        if self.indices.dtype.kind not in "iu":
            raise TypeError(f"indices must be integers; got {self.indices.dtype}")
        n = len(dataset)
        if self.indices.size and not -n <= self.indices.min() <= self.indices.max() < n:
            raise ValueError(
                f"indices must be from {-n} to {n - 1}; got {self.indices.min()} to {self.indices.max()}"
            )

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: SupportsIndex) -> Any:
        """The dataset's item at `indices[index]`.

        Raises:
            TypeError: the index is not an integer.
            IndexError: the index is out of range.
        """
        return self.dataset[int(self.indices[operator.index(index)])]


def random_split(dataset: Examples, lengths: Sequence[float], *, seed: int | None = None) -> list[Subset]:
    """Split a dataset at random into parts that share no example, such as for training and validation.

    Args:
        dataset: Dataset or sequence of pairs (example, label).
        lengths: the number of examples of each part, which sum to the dataset's length; or fractions, which
            sum to 1. Fractions are rounded down, and the examples that are left over go to the first parts.
        seed: integer of at least 0; None uses the generator that `pyconvlite.seed` sets.

    Returns:
        A Subset for each length.

    Raises:
        TypeError: `dataset` has no `__len__` or `__getitem__`, `lengths` is not a list of numbers, or `seed`
            is not an integer.
        ValueError: a length is below 0, the lengths have the wrong sum, or `seed` is below 0.

    Example:
        >>> train, valid = random_split([(x, x % 2) for x in range(10)], [0.75, 0.25], seed=0)
        >>> len(train), len(valid), len({x for part in (train, valid) for x, _ in part})
        (8, 2, 10)
    """
    sizes = _sizes(lengths, len(examples(dataset)))
    generator = rng() if seed is None else np.random.default_rng(at_least(0, seed, "seed"))
    order = generator.permutation(len(dataset))
    ends = list(itertools.accumulate(sizes))
    return [Subset(dataset, order[end - size : end]) for size, end in zip(sizes, ends, strict=True)]


def _sizes(lengths: Sequence[float], n: int) -> list[int]:
    """The number of examples of each part."""
    if not isinstance(lengths, Iterable):
        raise TypeError(f"lengths must be a list of numbers, one for each part; got {lengths}")
    lengths = list(lengths)
    for length in lengths:
        if number(length, "lengths") < 0:
            raise ValueError(f"lengths must be at least 0; got {lengths}")
    if all(isinstance(length, numbers.Integral) for length in lengths) and sum(lengths) == n:
        return [int(length) for length in lengths]
    if not math.isclose(sum(lengths), 1):
        raise ValueError(
            f"lengths must sum to the dataset's length, {n}, or be fractions of sum 1; got {lengths}"
        )
    sizes = [math.floor(n * length) for length in lengths]
    for i in range(n - sum(sizes)):
        sizes[i % len(sizes)] += 1
    return sizes
