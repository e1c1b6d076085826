"""Show values as a person wants to see them: pictures, graphs, HTML, or else as Python writes them."""

from __future__ import annotations

import os
import sys
from typing import Any

import pyconvlite.graph
from pyconvlite import Variable
from tab import dark
from tab.outlet import Outlet

os.environ["MPLBACKEND"] = "module://tab.inline"  # inline.py; read when matplotlib is imported

MOST_LETTERS = 1 << 19  # of a graph or HTML: the page takes no more
MOST_ALT = 1_000  # letters that say what an image shows
MOST_BYTES = 32 << 20  # of an image

_IMAGES = {"_repr_svg_": "image/svg+xml", "_repr_png_": "image/png", "_repr_jpeg_": "image/jpeg"}

_outlet: Outlet | None = None


def show_in(outlet: Outlet) -> None:
    """Have all that is shown from now on go there; `plot_dot_graph` then needs no Graphviz."""
    global _outlet
    _outlet = outlet
    pyconvlite.graph.plot_dot_graph = plot_dot_graph
    if utils := sys.modules.get("pyconvlite.utils"):  # which has it from there when it is imported
        utils.plot_dot_graph = plot_dot_graph  # type: ignore[attr-defined]


def display(*values: Any) -> None:
    """Show values in the output, each as the last line of a program is shown."""
    assert _outlet is not None
    for value in values:
        described = describe(value)
        if isinstance(described, str):
            _outlet.write(f"{described}\n")
        else:
            _outlet.show(described)


def plot_dot_graph(
    output: Variable, verbose: bool = True, to_file: str | os.PathLike[str] = "graph.png"
) -> None:
    """Show the graph that `output` was computed by; no file is written here."""
    display(pyconvlite.graph.get_dot_graph(output, verbose))


def describe(value: Any) -> dict[str, Any] | str:
    """A value as text, or as a dict whose `kind` is image, graph or html.

    An image has `type`, a MIME type, `data`, bytes, `dark`, the same for a dark page or None, `alt`, and
    `scale`, its pixels to one of the page; a graph has `dot`, and HTML `html`.
    """
    figures = sys.modules.get("matplotlib.figure")
    if figures and isinstance(value, figures.Figure):
        return figure(value)
    if isinstance(value, str) and value.startswith("digraph ") and value.rstrip().endswith("}"):
        return {"kind": "graph", "dot": value} if len(value) <= MOST_LETTERS else repr(value)
    if isinstance(value, type):  # its methods are for its instances
        return repr(value)
    html = _call(value, "_repr_html_")
    if isinstance(html, str):
        return {"kind": "html", "html": html[:MOST_LETTERS]}  # far more than the page shows
    for method, kind in _IMAGES.items():
        data = _call(value, method)
        if data is not None:
            return image(kind, data.encode() if isinstance(data, str) else bytes(data), repr(value))
    return repr(value)


def figure(value: Any) -> dict[str, Any] | str:
    """A figure of matplotlib as an image, with two pixels for each of the page, for sharp screens."""
    titles = [value.get_suptitle(), *(axes.get_title() for axes in value.axes)]
    light, at_night = _png(value), None
    if not dark.is_dark(value):
        with dark.dark(value):
            at_night = _png(value)
    return image("image/png", light, "; ".join(filter(None, titles)), scale=2, at_night=at_night)


def _png(figure: Any) -> bytes:
    from io import BytesIO

    file = BytesIO()
    figure.savefig(file, format="png", dpi=2 * figure.dpi, bbox_inches="tight")
    return file.getvalue()


def image(
    kind: str, data: bytes, alt: str, scale: int = 1, at_night: bytes | None = None
) -> dict[str, Any] | str:
    """An image for the page, and the same for one that is dark; text if it is too large for a page."""
    alt = alt[:MOST_ALT]
    if len(data) + len(at_night or b"") > MOST_BYTES:
        return f"{alt} [its image is larger than {MOST_BYTES >> 20} MB]"
    return {"kind": "image", "type": kind, "data": data, "dark": at_night, "alt": alt, "scale": scale}


def show_figures() -> None:
    """Show what is drawn and not shown yet, as a notebook does at the end of a cell."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.show()


def _call(value: Any, method: str) -> Any:
    found = getattr(value, method, None)
    return found() if callable(found) else None
