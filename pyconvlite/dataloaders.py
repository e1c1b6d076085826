"""DataLoader, for mini-batches (book step 50), and SeqDataLoader, for sequences (book step 60)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

import numpy as np

from . import backends
from ._arguments import Examples, at_least, boolean, examples
from ._processes import Scattered
from ._random import rng
from ._shapes import Array

__all__ = ["DataLoader", "SeqDataLoader"]


class DataLoader:
    """Iterator over mini-batches `(x, t)`; each loop over it is one epoch.

    t is None if the dataset has no labels. From longer tuples, such as (first, second, label), a batch has as
    many parts. The last batch of an epoch may be smaller. The loader is its own iterator, as in DeZero: after
    a `break`, the next loop continues the epoch unless `reset()` is called.

    Args:
        dataset: Dataset or sequence of pairs (example, label). For a dataset from `parallel.scatter`,
            each process gets `batch_size` examples per batch, so that the joint batch is `comm.size` times as
            large.
        batch_size: number of examples in a batch, at least 1; may be reassigned between epochs.
        shuffle: whether to draw a new order for each epoch.
        gpu: whether to copy the batches to the device.
        seed: integer of at least 0, the seed of the loader's own generator; None uses the generator that
            `pyconvlite.seed` sets.

    Attributes:
        iteration: number of batches taken so far in this epoch.
        index: order of the examples in this epoch; None until its first batch, when it is drawn.
        generator: the loader's own generator; None without `seed`.

    Raises:
        TypeError: `dataset` has no `__len__` or `__getitem__`, `batch_size` or `seed` is not an integer, or
            `shuffle` or `gpu` is not a bool.
        ValueError: `batch_size` is below 1, or `seed` below 0; in the loop, an item is not a tuple of two
            or more, or the examples of a batch have different shapes.
        DeviceUnavailable: `gpu` is true, but this runtime has no device.

    Example:
        >>> loader = DataLoader([(0.5, 0), (1.5, 1), (2.5, 0)], batch_size=2, shuffle=False)
        >>> for x, t in loader:
        ...     print(x, t)
        [0.5 1.5] [0 1]
        [2.5] [0]
    """

    # A checkpoint stores the last two separately, and may be loaded where there is no device.
    _not_saved: ClassVar[tuple[str, ...]] = ("gpu", "index", "generator")

    def __init__(
        self,
        dataset: Examples,
        batch_size: int,
        shuffle: bool = True,
        gpu: bool = False,
        *,
        seed: int | None = None,
    ) -> None:
        self.dataset = examples(dataset)
        self.batch_size = at_least(1, batch_size, "batch_size")
        self.shuffle = boolean(shuffle, "shuffle")
        self.gpu = False
        if boolean(gpu, "gpu"):
            self.to_gpu()
        self.data_size = len(dataset.whole if isinstance(dataset, Scattered) else dataset)
        self.generator = None if seed is None else np.random.default_rng(at_least(0, seed, "seed"))
        self.reset()

    @property
    def max_iter(self) -> int:
        """Number of batches in an epoch."""
        return math.ceil(self.data_size / self._total_size)

    @property
    def _total_size(self) -> int:
        """Number of examples in a batch of all processes."""
        batch_size = at_least(1, self.batch_size, "batch_size")  # it may have been reassigned
        return batch_size * (self.dataset.comm.size if isinstance(self.dataset, Scattered) else 1)

    def reset(self) -> None:
        """Start a new epoch."""
        self.iteration = 0
        self.index: Array | None = None

    def __len__(self) -> int:
        return self.max_iter

    def __iter__(self) -> DataLoader:
        return self

    def __next__(self) -> tuple[Any, ...]:
        """The next batch."""
        if self.iteration >= self.max_iter:
            self._end()
        dataset, index = self.dataset, self._batch_index()
        if isinstance(dataset, Scattered):
            index = dataset.share(index)
            if not len(index):
                self._end()
            dataset = dataset.whole
        try:
            batch = [dataset[i] for i in index.tolist()]
        except StopIteration as error:  # which would end the epoch
            raise RuntimeError("dataset[i], or a transform, raised StopIteration") from error
        try:
            if isinstance(batch[0], str | bytes | Mapping):  # unpackable, but not a pair
                raise TypeError
            columns = list(zip(*batch, strict=True))
            if len(columns) != 2 and not (len(columns) > 2 and isinstance(batch[0], tuple)):
                raise ValueError
        except (TypeError, ValueError):
            raise ValueError(
                "dataset[i] must be a pair (example, label) for each i, or a tuple of more parts; for arrays "
                "use ArrayDataset(x, t)"
            ) from None
        parts = tuple([self._stack(column) for column in columns])
        self.iteration += 1
        return parts

    def _end(self) -> NoReturn:
        self.reset()
        if isinstance(self.dataset, Scattered):
            self.dataset.end()
        raise StopIteration

    def _batch_index(self) -> Array:
        """Indexes of the batch's examples, those of all processes."""
        if self.index is None:
            order = (self.generator or rng()).permutation if self.shuffle else np.arange
            self.index = order(self.data_size)
        start = self.iteration * self._total_size
        return self.index[start : start + self._total_size]

    def next(self) -> tuple[Any, ...]:
        """The next batch; raises StopIteration at the end of an epoch, after which a new epoch starts."""
        return self.__next__()

    def _stack(self, values: tuple[Any, ...]) -> Any:
        if all(value is None for value in values):
            return None
        if any(value is None for value in values):
            raise ValueError("the labels of a batch must be None for all of its examples, or for none")
        try:
            arrays: list[Array] = [np.asarray(value) for value in values]
        except ValueError as error:
            raise ValueError(f"an example or a label of the dataset is not an array: {error}") from error
        shapes = sorted({array.shape for array in arrays})
        if len(shapes) > 1:
            raise ValueError(
                f"the examples and the labels of a batch must each have one shape; got shapes {shapes}: give "
                "images one size, such as by the transform Resize"
            )
        stacked = np.stack(arrays)
        return backends.to_gpu(stacked) if self.gpu else stacked

    def to_cpu(self) -> None:
        """Return batches on the CPU."""
        self.gpu = False

    def to_gpu(self) -> None:
        """Return batches on the device.

        Raises:
            DeviceUnavailable: this runtime has no device.
        """
        backends.to_gpu(np.zeros(0, dtype=np.float32))  # raises now instead of at the first batch
        self.gpu = True


class SeqDataLoader(DataLoader):
    """Iterator over a long sequence in `batch_size` parts of equal length, in parallel (book step 60).

    Batch i has the i-th example of each part, so a recurrent network sees every part in order. An epoch has
    `ceil(length / batch_size)` batches; if that is longer than a part, each part continues into the next.

    Args:
        dataset: Dataset or sequence of pairs (example, label).
        batch_size: number of parts, at least 1 and at most the dataset's length.
        gpu: whether to copy the batches to the device.

    Raises:
        TypeError, ValueError: as in DataLoader; ValueError also if `batch_size` exceeds the dataset's length.
        DeviceUnavailable: `gpu` is true, but this runtime has no device.

    Example:
        >>> loader = SeqDataLoader([(i, i + 1) for i in range(6)], batch_size=2)
        >>> [x.tolist() for x, t in loader]
        [[0, 3], [1, 4], [2, 5]]
    """

    def __init__(self, dataset: Examples, batch_size: int, gpu: bool = False) -> None:
        super().__init__(dataset, batch_size, shuffle=False, gpu=gpu)
        self._jump()  # raises now instead of at the first batch

    def _jump(self) -> int:
        """The length of a part."""
        if self._total_size > self.data_size:
            raise ValueError(
                f"batch_size must be at most the dataset's length, {self.data_size}; got {self._total_size}"
            )
        return self.data_size // self._total_size

    def _batch_index(self) -> Array:
        jump = self._jump()
        return (np.arange(self._total_size) * jump + self.iteration) % self.data_size
