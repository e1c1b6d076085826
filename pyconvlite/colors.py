"""Colors of signed numbers, as on pyconvlite's site: plus is blue, minus orange, zero transparent."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import backends
from ._arguments import above_zero
from ._shapes import Array
from .autograd import Variable

__all__ = ["MINUS", "PLUS", "signed"]

PLUS, MINUS = "#3c69e6", "#de6e14"  # --plus and --minus of the site's style sheet


def signed(x: Any, full: float | None = None) -> Array:
    """Colors of an array for matplotlib's `imshow`: positive numbers blue, negative ones orange.

    The larger the magnitude, the more opaque the color. Zero is transparent, so the background shows, light
    or dark.

    Args:
        x: Variable or array of floats, such as a kernel or a feature map (H, W).
        full: magnitude of the numbers with an opaque color, above 0; larger ones look the same. None for the
            largest in x.

    Returns:
        float32 array of shape (*x.shape, 4) with red, green, blue and opacity from 0 to 1. nan is gray.

    Raises:
        TypeError: `full` is not a number.
        ValueError: `full` is not above 0.

    Example:
        >>> signed([0.0, 1.0, -2.0])[:, 3].tolist()  # the opacity
        [0.0, 0.5, 1.0]
    """
    numbers = np.asarray(backends.to_cpu(x.data if isinstance(x, Variable) else x), dtype=np.float64)
    magnitude = np.abs(numbers)
    if full is None:
        full = float(np.max(magnitude, where=np.isfinite(numbers), initial=0)) or 1.0
    colors = np.empty((*numbers.shape, 4), np.float32)
    colors[..., :3] = np.where((numbers > 0)[..., None], _rgb(PLUS), _rgb(MINUS))
    colors[..., 3] = np.minimum(magnitude / above_zero(full, "full"), 1)
    colors[np.isnan(numbers)] = 0.5
    return colors


def _rgb(color: str) -> list[float]:
    """Red, green and blue of #rrggbb, from 0 to 1."""
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
