"""The lessons on receptive fields, checkerboards and the visitor's kernels, against NumPy and SciPy."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable

import numpy as np
import pytest
from lessons import Array, Lesson, heat, wait
from scipy.signal import correlate2d
from visits import Visit

pytestmark = pytest.mark.full


@pytest.fixture
def field(page_of: Callable[[str], Visit]) -> Visit:
    return page_of("lesson-field.html")


@pytest.fixture
def checkerboard(page_of: Callable[[str], Visit]) -> Visit:
    return page_of("lesson-checkerboard.html")


def seen(layers: int, kernel: int, stride: int, dilation: int, width: int, unit: int) -> Array:
    """The number of paths from each pixel to a unit of the last layer, by the layers' matrices."""
    ways = np.eye(width)
    for layer in range(layers):
        spread = dilation**layer
        count = (len(ways) - 1 - (kernel - 1) * spread) // stride + 1
        layer_matrix = np.zeros((count, len(ways)))
        for k in range(kernel):
            layer_matrix[np.arange(count), np.arange(count) * stride + k * spread] = 1
        ways = layer_matrix @ ways
    return ways[unit]


def lit(lesson: Lesson) -> list[int]:
    """Indices of the highlighted pixels of the row."""
    pixels = lesson.place.locator("svg[role=slider] rect.unit")
    classes = pixels.evaluate_all("pixels => pixels.map((pixel) => pixel.getAttribute('class'))")
    return [i for i, names in enumerate(classes) if "lit" in names.split()]


def test_receptive_field(field: Visit) -> None:
    lesson = Lesson(field.page, "cone")
    slider = lesson.place.locator("[role=slider]")
    for layers, kernel, stride, dilation, width, unit in (
        (3, 3, 1, 1, 31, 12),
        (4, 3, 2, 1, 31, 0),
        (3, 3, 1, 2, 31, 12),
        (2, 5, 2, 2, 31, 2),
    ):
        lesson.start_over()
        lesson.set(layers=layers, kernel_size=kernel, stride=stride, dilation=dilation)
        slider.press("Home")
        for _ in range(unit):
            slider.press("ArrowRight")
        ways = seen(layers, kernel, stride, dilation, width, unit)
        pixels = np.flatnonzero(ways).tolist()
        wait(lambda p=pixels: lit(lesson) == p, lambda p=pixels: f"{lit(lesson)} are lit, not {p}")
        lesson.says(f"sees {len(pixels)} pixels, x[{pixels[0]}] to x[{pixels[-1]}].")
        if ways[pixels].min() < ways.max():
            lesson.says(
                f"most paths to it has {ways.max():.0f}, the one with the fewest {ways[pixels].min():.0f}."
            )


def test_selected_unit(field: Visit) -> None:
    lesson = Lesson(field.page, "cone")
    lesson.start_over()
    units = lesson.place.locator("svg[role=slider] circle")
    units.nth(29 + 3).hover()  # of the second layer: the first has 29
    lesson.says("Unit 3 of layer 2 sees 5 pixels, x[3] to x[7].")
    assert lit(lesson) == [3, 4, 5, 6, 7]
    slider = lesson.place.locator("[role=slider]")
    slider.focus()
    slider.press("ArrowUp")
    lesson.says("Unit 2 of layer 3 sees 7 pixels, x[2] to x[8].")
    for _ in range(3):
        slider.press("ArrowDown")
    lesson.says("Unit 4 of layer 1 sees 3 pixels, x[4] to x[6]. Each of them reaches it by one path.")


def test_too_wide_receptive_field_drops_layers(field: Visit) -> None:
    lesson = Lesson(field.page, "cone")
    lesson.start_over()
    lesson.set(kernel_size=5, stride=2)  # 29 pixels
    lesson.set(dilation=2)  # 85 with three layers
    assert lesson.place.locator("[name=layers]").input_value() == "2"
    lesson.says("sees 21 pixels")
    lesson.start_over()


def test_ways_to_enlarge_the_receptive_field(field: Visit) -> None:
    lesson = Lesson(field.page, "growth")
    for layers in (4, 1, 2):
        lesson.set(layers=layers)
        doubled = 2 ** (layers + 1) - 1
        lesson.says(
            f"{2 * layers + 1} pixels by depth alone, {doubled} with a stride of 2, {doubled} with a dilation"
        )
    lesson.start_over()


def test_effective_receptive_field(field: Visit) -> None:
    lesson = Lesson(field.page, "weight")
    for layers, inner in ((10, 11), (2, 3)):
        lesson.set(layers=layers)
        row = np.ones(1)
        for _ in range(layers):
            row = np.convolve(row, np.ones(3) / 3)
        middle = row[layers - inner // 2 : layers + inner // 2 + 1].sum() ** 2
        lesson.says(f"{100 * middle:.0f}% of all paths start in the {inner} × {inner}")
        ways = np.outer(row, row).ravel()
        np.testing.assert_allclose(heat(lesson.place, "share"), ways / ways.max(), atol=6e-4)
    lesson.start_over()


def stamped(x: Array, K: int, stride: int) -> Array:
    """A deconvolution with a kernel of ones, as a sum of stamps."""
    rows, columns = x.shape
    y = np.zeros((stride * (rows - 1) + K, stride * (columns - 1) + K))
    for (row, column), value in np.ndenumerate(x):
        y[row * stride : row * stride + K, column * stride : column * stride + K] += value
    return y


def test_deconvolution_as_stamps(checkerboard: Visit) -> None:
    lesson = Lesson(checkerboard.page, "stamps")
    for K, stride in ((4, 2), (5, 3), (6, 1), (3, 2)):
        lesson.set(K=K, stride=stride)
        lesson.shows("times", stamped(np.ones((5, 5)), K, stride))
    lesson.says("some pixels get 1 and some 4: a checkerboard.")
    lesson.cells("times").nth(4 * 11 + 3).hover()
    lesson.says("times[4, 3]: 1 across × 2 down, 2 stamps")
    checkerboard.page.mouse.move(0, 0)
    lesson.says("2 stamps")
    lesson.set(K=4)
    lesson.says("every pixel gets 4 stamps: no pattern.")
    lesson.start_over()


def test_checkerboard_remedy(checkerboard: Visit) -> None:
    lesson = Lesson(checkerboard.page, "cures")
    spot = np.array(
        [
            [round(100 * np.exp(-((i - 3.2) ** 2 + (j - 3.8) ** 2) / 7)) / 100 for j in range(8)]
            for i in range(8)
        ]
    )
    np.testing.assert_allclose(heat(lesson.place, "x"), (spot / spot.max()).ravel(), atol=2e-3)
    for K in (4, 3):
        lesson.set(K=K)
        by_stamps = stamped(spot, K, 2) * 4 / K**2
        large = spot.repeat(2, axis=0).repeat(2, axis=1)
        resized = stamped(large, K, 1) / K**2
        steps = [max(np.abs(np.diff(y, axis=axis)).max() for axis in (0, 1)) for y in (by_stamps, resized)]
        rough = [f"{step:.2f}".rstrip("0").rstrip(".") for step in steps]
        lesson.says(f"differ by up to {rough[0]} after the deconvolution, {rough[1]} after enlarging")
        most = max(by_stamps.max(), resized.max())
        np.testing.assert_allclose(heat(lesson.place, "stamped"), by_stamps.ravel() / most, atol=6e-4)
        np.testing.assert_allclose(heat(lesson.place, "resized"), resized.ravel() / most, atol=6e-4)
    lesson.start_over()


def test_the_checkerboard_in_the_gradients(checkerboard: Visit) -> None:
    lesson = Lesson(checkerboard.page, "backward")
    for K, stride in ((4, 2), (2, 3), (3, 2)):
        lesson.set(K=K, stride=stride)
        outputs = (11 - K) // stride + 1
        gx = np.zeros((11, 11))
        counts = stamped(np.ones((outputs, outputs)), K, stride)
        gx[: len(counts), : len(counts)] = counts
        lesson.shows("gx", gx)


@pytest.fixture
def filters(page_of: Callable[[str], Visit]) -> Visit:
    return page_of("lesson-filters.html")


GROUND, PLUS, MINUS = np.array([[0x0F, 0x12, 0x18], [0x6D, 0x9B, 0xFF], [0xFF, 0x9D, 0x4D]], float)


def pixels(lesson: Lesson, picture: int) -> Array:
    """Red, green and blue of a canvas."""
    read = """(canvas) => {
      const {width, height} = canvas;
      return [height, width, [...canvas.getContext('2d').getImageData(0, 0, width, height).data]];
    }"""
    height, width, data = lesson.place.locator("canvas").nth(picture).evaluate(read)
    return np.array(data, float).reshape(height, width, 4)[..., :3]


def in_colours(values: Array) -> Array:
    """Numbers in the colours of a map."""
    share = (np.abs(values) / np.abs(values).max())[..., None] ** 0.6
    return GROUND + share * (np.where(values[..., None] < 0, MINUS, PLUS) - GROUND)


def test_user_defined_kernel(filters: Visit) -> None:
    lesson = Lesson(filters.page, "single")
    picture = pixels(lesson, 0)[..., 0] / 255
    assert picture.shape == (240, 320)
    assert picture.std() > 0.1
    lesson.put("W", 4, "3")
    W = lesson.held("W")
    assert W[1, 1] == 3
    lesson.says("Its weights add up to 3")
    expected = in_colours(correlate2d(picture, W, "valid"))
    shown = pixels(lesson, 1)
    assert shown.shape == expected.shape
    assert np.abs(shown - expected).max() < 6  # the picture was rounded to bytes
    lesson.place.get_by_role("button", name="Outlines").click()
    lesson.says("Its weights add up to 0")
    assert (lesson.held("W") == [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]).all()
    lesson.start_over()


def test_two_kernels_in_a_row(filters: Visit) -> None:
    lesson = Lesson(filters.page, "stacked")
    picture = pixels(lesson, 0)[..., 0] / 255
    A, B = lesson.held("A"), lesson.held("B")
    first = np.maximum(correlate2d(picture, A, "valid"), 0)
    second = np.maximum(correlate2d(first, B, "valid"), 0)
    assert pixels(lesson, 1).shape == (238, 318, 3)
    assert pixels(lesson, 2).shape == (236, 316, 3)
    assert np.abs(pixels(lesson, 2) - in_colours(second)).mean() < 1
    shares = [100 * (each > each.max() / 4).mean() for each in (first, second)]
    assert shares[1] < shares[0] / 2  # corners are rarer than edges
    lesson.says(f"{shares[0]:.1f}% of the pixels respond to the first kernel")


def test_user_picture(filters: Visit) -> None:
    lesson = Lesson(filters.page, "single")
    first = pixels(lesson, 0)
    white = filters.page.evaluate("""() => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 90 });
      const context = canvas.getContext('2d');
      context.fillStyle = '#fff';
      context.fillRect(0, 0, 40, 90);
      return canvas.toDataURL().split(',')[1];
    }""")
    field = lesson.place.locator("input[type=file]")
    field.set_input_files({"name": "white.png", "mimeType": "image/png", "buffer": b64decode(white)})
    wait(lambda: bool((pixels(lesson, 0) == 255).all()), lambda: "the picture is not there")
    field.set_input_files({"name": "text.png", "mimeType": "image/png", "buffer": b"no picture"})
    lesson.place.get_by_text("This browser cannot read that file as a picture.").wait_for()
    lesson.place.get_by_role("button", name="Use the camera").click()
    lesson.place.get_by_text("Access to the camera was refused.").or_(
        lesson.place.get_by_text("There is no camera here.")
    ).wait_for()
    lesson.place.get_by_role("button", name="Back to the first picture").click()
    wait(lambda: bool((pixels(lesson, 0) == first).all()), lambda: "the first picture does not come back")
