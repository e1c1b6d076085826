"""Spiral and SinCurve: points that are computed rather than read."""

from __future__ import annotations

import numpy as np

from .._random import rng
from .._shapes import Array
from .base import Dataset


def get_spiral(train: bool = True) -> tuple[Array, Array]:
    """Points on three arms of a spiral, the same ones at each call and in DeZero (book step 48).

    Args:
        train: the points to train on, or else those to test with.

    Returns:
        Points, (300, 2) of float32, and the number of each one's arm, (300,) of integers from 0 to 2.

    Example:
        >>> x, t = get_spiral()
        >>> x.shape, np.bincount(t).tolist()
        ((300, 2), [100, 100, 100])
    """
    # NumPy's older generator: its numbers are those that DeZero draws, and stay so in every release.
    random = np.random.RandomState(1984 if train else 2020)
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
        data: (300, 2) of float32.
        label: (300,) of integers from 0 to 2.

    Example:
        >>> x, t = Spiral()[0]
        >>> x.shape, len(Spiral(train=False))
        ((2,), 300)
    """

    def prepare(self) -> None:
        """Compute the points."""
        self.data, self.label = get_spiral(self.train)


class SinCurve(Dataset):
    """A wave of 1000 points, each labelled with the next one (book step 59).

    To train on, a sine with noise from -0.05 to 0.05, drawn from the generator that `pyconvlite.seed` sets;
    to test with, a cosine.

    Args:
        train, transform, target_transform: as in Dataset.

    Attributes:
        data, label: (999, 1) of float64, as in DeZero.

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
