"""The package's generator of random numbers, for initial weights, dropout and shuffling."""

from __future__ import annotations

import numpy as np

from ._arguments import at_least

_rng: np.random.Generator | None = None  # made when first asked for: numpy.random takes long to import


def rng() -> np.random.Generator:
    """The generator that initial weights, dropout and DataLoader draw from.

    Example:
        >>> rng().standard_normal(3, dtype=np.float32).dtype
        dtype('float32')
    """
    global _rng
    if _rng is None:
        _rng = np.random.default_rng()
    return _rng


def seed(n: int | None = None) -> None:
    """Make initial weights, dropout and the order of a DataLoader repeatable.

    Args:
        n: seed, an integer >= 0; None starts from the system's entropy again.

    Raises:
        TypeError: no integer.
        ValueError: a negative one.

    Example:
        >>> seed(1); a = rng().random()
        >>> seed(1); a == rng().random()
        True
    """
    global _rng
    _rng = np.random.default_rng(None if n is None else at_least(0, n, "n"))
