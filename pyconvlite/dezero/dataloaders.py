"""`dezero.dataloaders`: mini-batches in an order that `numpy.random` draws."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from .. import dataloaders
from . import cuda
from ._cupy import narrowed

__all__ = ["DataLoader", "SeqDataLoader", "cuda", "np", "pil_available"]

pil_available = find_spec("PIL") is not None


class DataLoader(dataloaders.DataLoader):
    """As `pyconvlite.DataLoader`; `numpy.random.permutation` draws the order at once, and after each epoch.

    Example:
        >>> np.random.seed(0)
        >>> loader = DataLoader([(i, -i) for i in range(5)], batch_size=3)
        >>> loader.index
        array([2, 0, 1, 3, 4])
    """

    def reset(self) -> None:
        """Start a new epoch, in a new order."""
        super().reset()
        if self.generator is None:  # a DataLoader with a seed draws as pyconvlite's does
            order = np.random.permutation if self.shuffle else np.arange
            self.index = order(self.data_size)

    def _stack(self, values: tuple[Any, ...]) -> Any:
        if self.gpu and values[0] is not None:
            values = tuple([narrowed(np.asarray(value)) for value in values])
        return super()._stack(values)


class SeqDataLoader(DataLoader, dataloaders.SeqDataLoader):
    """As `pyconvlite.SeqDataLoader`.

    Example:
        >>> loader = SeqDataLoader([(i, i + 1) for i in range(6)], batch_size=2)
        >>> [x.tolist() for x, t in loader]
        [[0, 3], [1, 4], [2, 5]]
    """
