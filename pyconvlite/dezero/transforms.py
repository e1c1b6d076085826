"""`dezero.transforms`: all transforms of pyconvlite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import transforms
from ..utils import pair

globals().update({name: getattr(transforms, name) for name in transforms.__all__})


class Compose(transforms.Compose):
    """As `pyconvlite.transforms.Compose`, with DeZero's default.

    Example:
        >>> Compose()(3)
        3
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]] = []) -> None:
        super().__init__(transforms)
