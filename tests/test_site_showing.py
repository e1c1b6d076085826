"""How the playground displays values: as pictures, graphs, HTML or text."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest

import pyconvlite.graph
import pyconvlite.utils
from pyconvlite import Variable
from tab import showing
from tab.outlet import Outlet

pytestmark = pytest.mark.cpython  # matplotlib is not inside the Pyodide of the tests


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    # The page's module, which is removed afterwards.
    for module in (pyconvlite.graph, pyconvlite.utils):
        monkeypatch.setattr(module, "plot_dot_graph", module.plot_dot_graph, raising=False)
    monkeypatch.setattr(showing, "_outlet", None)
    sent: list[Any] = []
    showing.show_in(Outlet(sent.append))
    return sent


def shows(**methods: Any) -> Any:
    """An object whose class has these methods."""
    return type("Shown", (), methods)()


def test_text(sent: list[Any]) -> None:
    showing.display(1, "a", None, np.arange(2))
    assert sent == ["1\n", "'a'\n", "None\n", "array([0, 1])\n"]


def test_html() -> None:
    assert showing.describe(shows(_repr_html_=lambda self: "<b>x</b>")) == {
        "kind": "html",
        "html": "<b>x</b>",
    }
    assert showing.describe(Variable(np.zeros(2)))["kind"] == "html"
    assert showing.describe(Variable) == repr(Variable)  # a class's methods are for its instances
    nothing = shows(_repr_html_=lambda self: None, __repr__=lambda self: "plain")
    assert showing.describe(nothing) == "plain"


def test_long_output_is_cut() -> None:
    described = showing.describe(shows(_repr_html_=lambda self: "x" * 10**7))
    assert len(described["html"]) == showing.MOST_LETTERS
    assert isinstance(showing.describe("digraph g {" + " " * 10**7 + "}"), str)
    long = shows(_repr_svg_=lambda self: "<svg/>", __repr__=lambda self: "x" * 10**7)
    assert len(showing.describe(long)["alt"]) == showing.MOST_ALT
    large = shows(_repr_png_=lambda self: bytes(showing.MOST_BYTES + 1), __repr__=lambda self: "a map")
    assert showing.describe(large) == "a map [its image is larger than 32 MB]"


def test_pictures() -> None:
    from PIL import Image

    described = showing.describe(Image.new("RGB", (30, 20), "red"))
    assert (described["kind"], described["type"], described["scale"]) == ("image", "image/png", 1)
    with Image.open(BytesIO(described["data"])) as image:
        assert image.size == (30, 20)
        assert image.getpixel((0, 0)) == (255, 0, 0)
    described = showing.describe(shows(_repr_svg_=lambda self: "<svg/>"))
    assert (described["type"], described["data"]) == ("image/svg+xml", b"<svg/>")


def test_an_object_that_has_every_attribute() -> None:
    assert showing.describe(shows(__getattr__=lambda self, name: 5, __repr__=lambda self: "any")) == "any"


def test_a_graph(sent: list[Any]) -> None:
    x = Variable(np.array(1.0), name="x")
    pyconvlite.utils.plot_dot_graph(x * 2)
    (graph,) = sent
    assert graph["kind"] == "graph"
    assert graph["dot"].startswith("digraph ")
    assert 'label="Mul"' in graph["dot"]
    assert showing.describe("digraph is a word") == "'digraph is a word'"


def test_figures_are_shown_once(sent: list[Any]) -> None:
    from matplotlib import pyplot
    from PIL import Image

    figure, axes = pyplot.subplots(figsize=(3, 2), dpi=100)
    axes.set_title("above")
    pyplot.show()
    showing.show_figures()
    (picture,) = sent
    assert (picture["alt"], picture["scale"]) == ("above", 2)
    with Image.open(BytesIO(picture["data"])) as image:
        assert 400 < image.width <= 650  # 3 inches of 100 pixels, doubled, less the margins
    assert showing.describe(figure)["alt"] == "above"

    pyplot.plot([1, 2])
    showing.show_figures()  # as at the end of a program
    assert len(sent) == 2


def test_failing_figure_is_closed(sent: list[Any]) -> None:
    from matplotlib import pyplot

    pyplot.title(r"$\bad$")
    with pytest.raises(ValueError, match="Unknown symbol"):
        showing.show_figures()
    showing.show_figures()
    assert sent == []
