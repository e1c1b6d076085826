"""Figures on a dark page: greys are mirrored while it is dark, colors and pictures are unchanged."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest

from tab import dark, showing

pyplot = pytest.importorskip("matplotlib.pyplot")
colors = pytest.importorskip("matplotlib.colors")
Image = pytest.importorskip("PIL.Image")

pytestmark = pytest.mark.cpython  # matplotlib is not inside the Pyodide of the tests

GROUND, TEXT = (tuple(part / 255 for part in color) for color in (dark.GROUND, dark.TEXT))


@pytest.fixture
def figure():
    figure = pyplot.figure(figsize=(3, 2), dpi=50)
    yield figure
    pyplot.close(figure)


def rgb(color) -> tuple[float, ...]:
    return colors.to_rgba(color)[:3]


def test_greys_are_mirrored_and_restored(figure) -> None:
    axes = figure.add_subplot(title="title")
    (line,) = axes.plot([1, 2], "k", label="black")
    (half,) = axes.plot([2, 1], color="0.5", markerfacecolor="white", marker="o")
    legend = axes.legend()
    before, ink_before = showing._png(figure), line.get_color()
    with dark.dark(figure):
        for place in (figure, axes, legend.get_frame()):
            assert rgb(place.get_facecolor()) == pytest.approx(GROUND)
        for ink in (axes.title.get_color(), line.get_color(), axes.spines["left"].get_edgecolor()):
            assert rgb(ink) == pytest.approx(TEXT)
        assert rgb(half.get_color()) == pytest.approx(np.add(GROUND, TEXT) / 2, abs=1e-6)
        assert rgb(half.get_markerfacecolor()) == pytest.approx(GROUND)
        assert legend.get_frame().get_facecolor()[3] == pytest.approx(0.8)  # as transparent as it was
        assert showing._png(figure) != before
    assert (line.get_color(), half.get_markerfacecolor()) == (ink_before, "white")
    assert showing._png(figure) == before


def test_colors_are_unchanged(figure) -> None:
    axes = figure.add_subplot()
    (line,) = axes.plot([1, 2], color="tab:orange")
    bars = axes.bar([1, 2], [3, 4], color="red", edgecolor="none")
    with dark.dark(figure):
        assert line.get_color() == "tab:orange"
        assert rgb(bars[0].get_facecolor()) == (1, 0, 0)
        assert bars[0].get_edgecolor()[3] == 0


def test_images_and_their_overlays_are_unchanged(figure) -> None:
    pictures, points = figure.subplots(1, 2)
    pictures.imshow(np.eye(2), cmap="gray")
    label = pictures.text(0, 0, "white on black", color="white")
    mapped = points.scatter([1, 2], [1, 2], c=[0.0, 1.0], cmap="gray", edgecolors="black")
    figure.canvas.draw()
    shades = mapped.get_facecolor().copy()
    with dark.dark(figure):
        assert label.get_color() == "white"
        assert rgb(pictures.spines["left"].get_edgecolor()) == pytest.approx(TEXT)
        figure.canvas.draw()
        np.testing.assert_array_equal(mapped.get_facecolor(), shades)


def test_shown_figure_has_both_versions(figure) -> None:
    figure.add_subplot()
    shown = showing.figure(figure)
    corners = []
    for name in ("data", "dark"):
        with Image.open(BytesIO(shown[name])) as picture:
            corners.append((picture.size, picture.convert("RGB").getpixel((0, 0))))
    assert corners[0][1] == (255, 255, 255)
    assert corners[1] == (corners[0][0], dark.GROUND)


@pytest.mark.parametrize("ground", ["black", "none", "#202020"])
def test_figure_with_its_own_background_is_unchanged(figure, ground: str) -> None:
    figure.set_facecolor(ground)
    assert showing.figure(figure)["dark"] is None


def test_failed_drawing_restores_the_figure(figure) -> None:
    with pytest.raises(ValueError, match="halfway"), dark.dark(figure):
        raise ValueError("halfway")
    assert rgb(figure.get_facecolor()) == (1, 1, 1)
