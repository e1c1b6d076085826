"""Parameter: a trainable Variable."""

from __future__ import annotations

from typing import Any

from .variable import Variable


class Parameter(Variable):
    """A trainable Variable of a Layer.

    Args:
        data: an array, or None if its shape depends on the first input.
        name: as in Variable.
        lazy_shape: if data is None, its future shape, with None for each unknown length.
        lazy_dtype: if data is None, its future dtype.

    Example:
        >>> import numpy as np
        >>> Parameter(np.zeros(2), name="b")
        variable([0. 0.])
    """

    def __init__(
        self,
        data: Any,
        name: str | None = None,
        *,
        lazy_shape: tuple[int | None, ...] | None = None,
        lazy_dtype: Any = None,
    ) -> None:
        super().__init__(data, name)
        self.lazy_shape = lazy_shape
        self.lazy_dtype = lazy_dtype
