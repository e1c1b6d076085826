"""DataLoader: a dataset's examples in mini-batches (book step 50); SeqDataLoader: a sequence's (step 60)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from . import backends
from ._arguments import at_least
from ._random import rng
from ._shapes import Array

__all__ = ["DataLoader", "SeqDataLoader"]


class Examples(Protocol):
    """What a DataLoader draws from: a Dataset, a list of pairs, or the like."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...


class DataLoader:
    """Iterator over mini-batches `(x, t)`, for one epoch each time it is looped over.

    The last batch of an epoch holds what is left. The loader is its own iterator, as in DeZero: a loop that
    was left early is continued by the next one, unless `reset()` comes between.

    Args:
        dataset: has a length, and a pair (example, label) at each index.
        batch_size: examples in a batch, at least 1.
        shuffle: take them in an order drawn anew for each epoch.
        gpu: put the batches on the device.
        seed: integer of at least 0, for an order of the loader's own that is the same each time it is made;
            None draws from the generator that `pyconvlite.seed` sets.

    Attributes:
        max_iter: batches in an epoch; `len(loader)`.
        iteration: batches taken so far in this epoch.

    Raises:
        TypeError: dataset has no length or no indices; batch_size or seed is no integer.
        ValueError: batch_size or seed out of its range; from a batch, examples that are no pairs, or of
            different shapes.
        DeviceUnavailable: `gpu`, and this runtime has no device.

    Example:
        >>> loader = DataLoader([(0.5, 0), (1.5, 1), (2.5, 0)], batch_size=2, shuffle=False)
        >>> for x, t in loader:
        ...     print(x, t)
        [0.5 1.5] [0 1]
        [2.5] [0]
    """

    def __init__(
        self,
        dataset: Examples,
        batch_size: int,
        shuffle: bool = True,
        gpu: bool = False,
        *,
        seed: int | None = None,
    ) -> None:
        if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
            raise TypeError(
                "dataset must have a length and indices, as a Dataset or a list of pairs has; "
                f"got {type(dataset).__name__}"
            )
        self.dataset = dataset
        self.batch_size = at_least(1, batch_size, "batch_size")
        self.shuffle = shuffle
        self.gpu = False
        if gpu:
            self.to_gpu()
        self.data_size = len(dataset)
        self.max_iter = math.ceil(self.data_size / self.batch_size)
        self._own_rng = None if seed is None else np.random.default_rng(at_least(0, seed, "seed"))
        self.reset()

    def reset(self) -> None:
        """Begin an epoch."""
        self.iteration = 0
        order = (self._own_rng or rng()).permutation if self.shuffle else np.arange
        self.index = order(self.data_size)

    def __len__(self) -> int:
        return self.max_iter

    def __iter__(self) -> DataLoader:
        return self

    def __next__(self) -> tuple[Any, Any]:
        """The next batch: examples, and labels, None where the dataset has none."""
        if self.iteration >= self.max_iter:
            self.reset()
            raise StopIteration
        batch = [self.dataset[i] for i in self._batch_index()]
        try:
            examples, labels = zip(*batch, strict=True)
        except (TypeError, ValueError):
            raise ValueError("dataset must have a pair (example, label) at each index") from None
        x, t = self._stack(examples), self._stack(labels)
        self.iteration += 1
        return x, t

    def _batch_index(self) -> Iterable[Any]:
        """Indices of the batch's examples."""
        start = self.iteration * self.batch_size
        return self.index[start : start + self.batch_size]

    def next(self) -> tuple[Any, Any]:
        """The next batch; at the end of an epoch StopIteration is raised, and the one after begins."""
        return self.__next__()

    def _stack(self, values: tuple[Any, ...]) -> Any:
        if all(value is None for value in values):
            return None
        arrays: list[Array] = [np.asarray(value) for value in values]
        shapes = sorted({array.shape for array in arrays})
        if len(shapes) > 1:
            raise ValueError(f"the examples of a batch must have one shape; these have {shapes}")
        stacked = np.stack(arrays)
        return backends.to_gpu(stacked) if self.gpu else stacked

    def to_cpu(self) -> None:
        """Leave the batches on the CPU."""
        self.gpu = False

    def to_gpu(self) -> None:
        """Put the batches on the device.

        Raises:
            DeviceUnavailable: this runtime has no device.
        """
        backends.to_gpu(np.zeros(0, dtype=np.float32))  # tells now rather than at the first batch
        self.gpu = True


class SeqDataLoader(DataLoader):
    """Iterator over the steps of a long sequence, read in several places at once (book step 60).

    The sequence is divided into `batch_size` parts of the same length; the batch of step i holds the i-th
    example of each part. So a recurrent network goes along every part without a gap. An epoch has
    `ceil(length / batch_size)` steps; where the parts end it runs on into the next ones.

    Args:
        dataset: has a length, and a pair (example, label) at each index.
        batch_size: number of parts, at least 1 and at most the dataset's length.
        gpu: put the batches on the device.

    Raises:
        TypeError, ValueError: as in DataLoader; ValueError also where there are more parts than examples.
        DeviceUnavailable: `gpu`, and this runtime has no device.

    Example:
        >>> loader = SeqDataLoader([(i, i + 1) for i in range(6)], batch_size=2)
        >>> [x.tolist() for x, t in loader]
        [[0, 3], [1, 4], [2, 5]]
    """

    def __init__(self, dataset: Examples, batch_size: int, gpu: bool = False) -> None:
        super().__init__(dataset, batch_size, shuffle=False, gpu=gpu)
        if self.batch_size > self.data_size:
            raise ValueError(
                f"batch_size must be at most the dataset's length, {self.data_size}; got {self.batch_size}"
            )

    def _batch_index(self) -> Iterable[Any]:
        jump = self.data_size // self.batch_size
        return ((part * jump + self.iteration) % self.data_size for part in range(self.batch_size))
