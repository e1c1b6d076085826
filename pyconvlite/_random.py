"""The package's random number generator, for initial weights, dropout and shuffling."""

from __future__ import annotations

import numpy as np

from ._arguments import at_least

_rng: np.random.Generator | None = None  # created on first use, since numpy.random is slow to import


def rng() -> np.random.Generator:
    """Return the generator that initial weights, dropout and DataLoader use.

    Example:
        >>> rng().standard_normal(3, dtype=np.float32).dtype
        dtype('float32')
    """
    global _rng
    if _rng is None:
        _rng = np.random.default_rng()
    return _rng


def seed(n: int | None = None) -> None:
    """Seed the generator of initial weights, dropout, random transforms and the order of a DataLoader.

    Args:
        n: an integer >= 0; None seeds from the operating system's entropy.

    Raises:
        TypeError: `n` is not an integer.
        ValueError: `n` is negative.

    Example:
        >>> seed(1); a = rng().random()
        >>> seed(1); a == rng().random()
        True
    """
    global _rng
    _rng = np.random.default_rng(None if n is None else at_least(0, n, "n"))


def hash_key() -> tuple[int, int]:
    """Draw two 32-bit integers: the key that kernels hash together with the index of each element.

    Example:
        >>> [0 <= n < 2**32 for n in hash_key()]
        [True, True]
    """
    # a tenth of a millisecond faster than `integers`
    return divmod(rng().bit_generator.random_raw(), 2**32)


def hash_threshold(ratio: float) -> int:
    """The 32-bit integer that a uniform 32-bit hash is below with probability `ratio`.

    Example:
        >>> hash_threshold(0.5) == 2**31
        True
    """
    return min(round(ratio * 2**32), 2**32 - 1)
