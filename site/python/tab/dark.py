"""Figures of matplotlib on a dark page: greys change places, colors and pictures stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

# What white and black become: the page's own surface and text, see base.css.
GROUND = 0x1B, 0x1D, 0x21
TEXT = 0xEB, 0xE9, 0xE3

_PROPERTIES = (
    "color",
    "facecolor",
    "edgecolor",
    "markerfacecolor",
    "markeredgecolor",
)


def is_dark(figure: Any) -> bool:
    """Whether a figure has a dark ground already, or none."""
    red, green, blue, alpha = _rgba(figure.get_facecolor())
    return bool(alpha < 1 or red + green + blue < 1.5)


@contextmanager
def dark(figure: Any) -> Iterator[None]:
    """Have a figure's greys mirrored for a while: white becomes the page's dark ground, black its light text.

    What is mapped from data stays, and so does what is drawn over a picture: its colors were chosen for that.
    """
    undo: list[Callable[[], object]] = []
    try:
        for artist in _mirrored(figure):
            for name in _PROPERTIES:
                get, set_ = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
                if get is None or set_ is None:
                    continue
                value = get()
                changed = _mirror(value)
                if changed is not None:
                    undo.append(partial(set_, value))
                    set_(changed)
        yield
    finally:
        for back in reversed(undo):
            back()


def _mirrored(figure: Any) -> Iterator[Any]:
    """The artists whose greys belong to the page."""
    over = {
        id(part)
        for axes in figure.findobj(_has_pictures)
        for artist in (*axes.lines, *axes.texts, *axes.patches, *axes.collections)
        for part in artist.findobj()
    }
    for artist in figure.findobj():
        if id(artist) not in over and getattr(artist, "get_array", lambda: None)() is None:
            yield artist


def _has_pictures(artist: Any) -> bool:
    """Whether it is axes with a picture or a mesh, whose colors are data."""
    mapped = [*getattr(artist, "images", ()), *getattr(artist, "collections", ())]
    return hasattr(artist, "patches") and any(
        getattr(each, "get_array", lambda: None)() is not None for each in mapped
    )


def _rgba(color: Any) -> tuple[float, float, float, float]:
    from matplotlib.colors import to_rgba

    return to_rgba(color)


def _mirror(value: Any) -> Any:
    """A color, or an array of some, with its greys mirrored; None if it has none."""
    import numpy as np
    from matplotlib.colors import to_rgba_array

    if value is None or (isinstance(value, str) and value in ("none", "auto")):
        return None
    try:
        rgba = to_rgba_array(value)
    except (TypeError, ValueError):
        return None
    grey = (np.ptp(rgba[:, :3], axis=1) < 1e-3) & (rgba[:, 3] > 0)
    if not grey.any():
        return None
    share = rgba[grey, :1]  # of white
    rgba[grey, :3] = (share * np.array(GROUND) + (1 - share) * np.array(TEXT)) / 255
    return rgba if np.ndim(value) == 2 else tuple(rgba[0])
