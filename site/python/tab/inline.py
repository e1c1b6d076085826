"""A backend of matplotlib that shows figures in the output."""

from __future__ import annotations

from typing import Any

from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

from tab import showing

__all__ = ["FigureCanvas", "show"]


def show(*_: Any, **__: Any) -> None:
    """Show all open figures, and close them."""
    try:
        for manager in Gcf.get_all_fig_managers():
            showing.display(manager.canvas.figure)
    finally:
        Gcf.destroy_all()
