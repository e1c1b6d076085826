"""Compose, which applies transforms in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class Compose:
    """Transforms applied in order; without any, the input is returned.

    Args:
        transforms: list or tuple of callables of one argument.

    Raises:
        TypeError: `transforms` is not a list or tuple, or an item is not callable or is a class.

    Example:
        >>> import numpy as np
        >>> from pyconvlite.transforms import Flatten, Normalize, ToFloat
        >>> prepare = Compose([Flatten(), ToFloat(), Normalize(0.0, 255.0)])
        >>> prepare(np.array([[0, 255]], dtype=np.uint8))
        array([0., 1.], dtype=float32)
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]] = ()) -> None:
        if not isinstance(transforms, list | tuple):
            raise TypeError(f"transforms must be a list of callables; got {transforms!r}")
        for i, transform in enumerate(transforms):
            if isinstance(transform, type):
                raise TypeError(
                    f"transforms must be instances; got a class at index {i}: write {transform.__name__}()"
                )
            if not callable(transform):
                raise TypeError(f"transforms must be callable; got {type(transform).__name__} at index {i}")
        self.transforms = transforms

    def __call__(self, x: Any) -> Any:
        """Output of the last transform."""
        for transform in self.transforms:
            x = transform(x)
        return x
