"""DataLoader: a dataset's examples in mini-batches (book step 50)."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from . import backends
from .utils import Array, at_least, rng

__all__ = ["DataLoader"]


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
        seed: for an order of the loader's own that is the same each time it is made; None draws from the
            generator that `pyconvlite.seed` sets.

    Attributes:
        max_iter: batches in an epoch; `len(loader)`.
        iteration: batches taken so far in this epoch.

    Raises:
        TypeError: batch_size is no integer.
        ValueError: batch_size is below 1; from a batch, examples of different shapes.
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
        self.dataset = dataset
        self.batch_size = at_least(1, batch_size, "batch_size")
        self.shuffle = shuffle
        self.gpu = False
        if gpu:
            self.to_gpu()
        self.data_size = len(dataset)
        self.max_iter = math.ceil(self.data_size / self.batch_size)
        self._own_rng = None if seed is None else np.random.default_rng(seed)
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
        start = self.iteration * self.batch_size
        batch = [self.dataset[i] for i in self.index[start : start + self.batch_size]]
        x, t = (self._stack(values) for values in zip(*batch, strict=True))
        self.iteration += 1
        return x, t

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
