"""Spiral and SinCurve, synthetic datasets."""

from __future__ import annotations

import numpy as np

from .._arguments import boolean
from .._random import rng
from .._shapes import Array
from .base import Dataset


def get_spiral(train: bool = True) -> tuple[Array, Array]:
    """Points on the three arms of a spiral, the same at each call and in DeZero (book step 48).

    Args:
        train: True for the training points, False for the test points.

    Raises:
        TypeError: `train` is not a bool.

    Returns:
        The points, a float32 array (300, 2), and the arm of each point, integers from 0 to 2 of shape (300,).

    Example:
        >>> x, t = get_spiral()
        >>> x.shape, np.bincount(t).tolist()
        ((300, 2), [100, 100, 100])
    """
    # The legacy generator, as DeZero uses it: its numbers are the same in every NumPy release.
    random = np.random.RandomState(1984 if boolean(train, "train") else 2020)
    t = np.repeat(np.arange(3), 100)
    radius = np.tile(np.arange(100) / 100, 3)
    theta = t * 4.0 + 4.0 * radius + random.randn(300) * 0.2
    x = np.stack([radius * np.sin(theta), radius * np.cos(theta)], axis=1).astype(np.float32)
    order = random.permutation(300)
    return x[order], t[order]


class Spiral(Dataset):
    """The points of `get_spiral` as a dataset.

    Args:
        train, transform, target_transform: as in Dataset.

    Attributes:
        data: float32 array (300, 2).
        label: integer array (300,), from 0 to 2.

    Example:
        >>> x, t = Spiral()[0]
        >>> x.shape, len(Spiral(train=False))
        ((2,), 300)
    """

    def prepare(self) -> None:
        """Compute the points."""
        self.data, self.label = get_spiral(self.train)


class SinCurve(Dataset):
    """One period of a wave in 1000 points; the label of each point is the next point (book step 59).

    The training set is a sine with uniform noise from -0.05 to 0.05, drawn from the generator that
    `pyconvlite.seed` sets; the test set is a cosine.

    Args:
        train, transform, target_transform: as in Dataset.

    Attributes:
        data, label: float64 arrays (999, 1), as in DeZero.

    Example:
        >>> curve = SinCurve(train=False)
        >>> len(curve), curve[0][0]
        (999, array([1.]))
        >>> bool(curve[0][1] == curve[1][0])
        True
    """

    def prepare(self) -> None:
        """Compute the points."""
        x = np.linspace(0, 2 * np.pi, 1000)
        y = np.sin(x) + rng().uniform(-0.05, 0.05, size=x.shape) if self.train else np.cos(x)
        self.data, self.label = y[:-1, np.newaxis], y[1:, np.newaxis]
