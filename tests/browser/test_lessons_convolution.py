"""Lessons 1 to 5 and 8: figures against plain NumPy, whatever the visitor changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from lessons import Array, Lesson, wait
from scipy.ndimage import correlate
from scipy.signal import correlate2d
from visits import Visit

IMPOSSIBLE = [
    ({"KH": 9}, "OH", "the kernel has 9 rows, the padded input has 7", "an input of at least 9"),
    (
        {"H": 3, "PH": 1, "KH": 6},
        "OH",
        "the padded input has 3 + 2·1 = 5",
        "at least 4, or a padding of at least 2",
    ),
    ({"W": 2}, "OW", "the kernel has 3 columns, the padded input has 2", "at least 3"),
    ({"SW": 0}, "OW", "the kernel never moves on", ""),
    pytest.param({"KH": 0}, "OH", "KH = 0: it must be at least 1", "", marks=pytest.mark.full),
    pytest.param({"PW": -1}, "OW", "PW = -1: it must be at least 0", "", marks=pytest.mark.full),
    pytest.param({"H": 2.5}, "OH", "sizes are whole numbers", "", marks=pytest.mark.full),
]


Screen = Callable[[str, str], Lesson]


@pytest.fixture
def screen(page_of: Callable[[str], Visit]) -> Screen:
    """`screen("sum", "bias")`: that figure of a lesson, with no number hidden."""

    def screen(name: str, figure: str) -> Lesson:
        lesson = Lesson(page_of(f"lesson-{name}.html").page, figure)
        lesson.reveal()
        return lesson

    return screen


def convolved(x: Array, W: Array, stride: tuple[int, int] = (1, 1), pad: tuple[int, int] = (0, 0)) -> Array:
    x = np.pad(x, [(pad[0], pad[0]), (pad[1], pad[1])])
    return correlate2d(x, W, "valid")[:: stride[0], :: stride[1]]


def equation(lesson: Lesson) -> tuple[float, float]:
    """Both sides of the sum that the figure writes out."""
    left, right = lesson.place.locator(".equation").inner_text().replace("·", "*").split("=")
    return eval(left), float(right)


def test_sum_at_each_position(screen: Screen) -> None:
    lesson = screen("sum", "sum")
    x, W = lesson.held("x"), lesson.held("W")
    y = convolved(x, W)
    lesson.shows("y", y)
    for i, j in product(range(2), repeat=2):
        lesson.cells("y").nth(2 * i + j).hover()
        lesson.shows("products", x[i : i + 3, j : j + 3] * W)
        assert lesson.marked("x") == [4 * r + c for r in range(i, i + 3) for c in range(j, j + 3)]
        lesson.says(f"y[{i}, {j}] = {y[i, j]:.0f}")
        assert equation(lesson) == (y[i, j], y[i, j])


def test_numbers_changed_by_dragging_and_by_keyboard(screen: Screen) -> None:
    lesson = screen("sum", "sum")
    x, W = lesson.held("x"), lesson.held("W")
    lesson.cells("W").nth(4).focus()
    lesson.page.keyboard.type("-1.5")
    lesson.page.keyboard.press("Enter")
    lesson.page.keyboard.press("ArrowRight")
    lesson.page.keyboard.press("PageUp")
    W[1, 1], W[1, 2] = -1.5, W[1, 2] + 1
    lesson.shows("W", W)
    lesson.shows("y", convolved(x, W))
    box = lesson.cells("x").first.bounding_box()
    assert box
    lesson.page.mouse.move(box["x"] + 10, box["y"] + 10)
    lesson.page.mouse.down()
    lesson.page.mouse.move(box["x"] + 10 + 14 * 4, box["y"] + 10 + 60, steps=6)
    lesson.page.mouse.up()
    assert lesson.page.evaluate("getSelection().toString()") == ""
    x[0, 0] += 4
    lesson.shows("y", convolved(x, W))
    lesson.page.mouse.down(button="right")  # which opens the browser's menu
    lesson.page.mouse.move(box["x"] + 10, box["y"] + 10, steps=6)
    lesson.page.mouse.up(button="right")
    lesson.shows("x", x)
    lesson.cells("y").first.focus()
    lesson.shows("products", x[:3, :3] * W)
    assert equation(lesson) == pytest.approx((y := convolved(x, W)[0, 0], y))
    lesson.start_over()
    lesson.shows("y", [[15, 16], [6, 15]])


def test_kernel_animation(screen: Screen) -> None:
    lesson = screen("sum", "sum")
    lesson.cells("y").first.hover()
    lesson.says("y[0, 0]")
    lesson.place.get_by_role("button", name="Step").click()
    lesson.says("y[0, 1]")
    lesson.place.get_by_role("button", name="Play", exact=True).click()
    for place in ("y[1, 0]", "y[1, 1]", "y[0, 0]"):
        lesson.says(place)
    lesson.place.get_by_role("button", name="Play", exact=True).wait_for()  # it has reached the end


def test_edited_code_and_errors(screen: Screen) -> None:
    lesson = screen("sum", "sum")
    code = lesson.code()
    x, W = lesson.held("x"), lesson.held("W")
    lesson.type(code.replace("image, kernel = x[", "image, kernel = 2 * x["))
    lesson.shows("y", 2 * convolved(x, W))
    lesson.type(code.replace("window * W", "window * w"))
    lesson.faults("NameError: name 'w' is not defined")
    assert lesson.place.locator(".cm-wrong").inner_text() == "products = window * w"
    lesson.type("y = 'text'")
    lesson.faults("y is 'text', but this figure draws numbers only")
    lesson.type("y = 1")
    lesson.faults("y has the shape (); this figure draws arrays with 2 axes")
    lesson.type("print('hello')\n" + code)
    lesson.place.locator(".printed").filter(has_text="hello").wait_for()
    lesson.start_over()
    lesson.shows("y", convolved(x, W))
    assert lesson.code() == code


@pytest.mark.parametrize(("name", "axes"), [("one", 1), ("two", 2), ("three", 3)])
@pytest.mark.full
def test_directions(screen: Screen, name: str, axes: int) -> None:
    lesson = screen("directions", name)
    x, W = lesson.held("x"), lesson.held("W")
    lesson.cells("x").nth(5).focus()
    lesson.page.keyboard.press("PageDown")
    x.flat[5] -= 1
    assert x.ndim == W.ndim == axes
    full = correlate(x, W, mode="constant", origin=[-(n // 2) for n in W.shape])
    y = full[tuple(slice(n - k + 1) for n, k in zip(x.shape, W.shape, strict=True))]
    lesson.shows("y", y)
    kernel = lesson.place.locator(".kernel .front")
    lesson.cells("y").first.focus()  # the pointer may be over another
    places = set()
    for index in np.ndindex(y.shape):
        lesson.says(f"y[{', '.join(map(str, index))}] = ")
        places.add(kernel.get_attribute("points"))
        lesson.place.get_by_role("button", name="Step").click()
    assert len(places) == y.size  # it moved in all directions
    assert lesson.place.locator(".arrow").count() == axes


def test_bias(screen: Screen) -> None:
    lesson = screen("sum", "bias")
    y = convolved(lesson.held("x"), lesson.held("W"))
    lesson.shows("sums", y)
    for b in (-4, 2.5, 0):
        lesson.place.locator("[name=b]").fill(str(b))
        lesson.shows("y", y + b)


def test_padding(screen: Screen) -> None:
    lesson = screen("stride", "padding")
    W = lesson.held("W")
    for pad in ((1, 1), (0, 0), (3, 0), (2, 1), (0, 3)):
        lesson.set(PH=pad[0], PW=pad[1])
        x = np.pad([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]], [(pad[0],) * 2, (pad[1],) * 2])
        lesson.shows("x", x)
        lesson.shows("y", correlate2d(x, W, "valid"))
        assert len(lesson.marked("x", "pad")) == x.size - 16
    lesson.cells("x").first.focus()  # padding stays zero
    lesson.page.keyboard.type("5")
    lesson.page.keyboard.press("Enter")
    lesson.set(PH=1, PW=1)
    lesson.cells("x").nth(7).click()
    lesson.page.keyboard.press("ControlOrMeta+a")
    lesson.page.keyboard.type("9")
    lesson.page.keyboard.press("Enter")
    x = np.pad([[9, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]], 1)
    lesson.shows("x", x)
    lesson.shows("y", correlate2d(x, W, "valid"))
    lesson.start_over()
    lesson.shows("x", np.pad([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]], 1))


def test_stride(screen: Screen) -> None:
    lesson = screen("stride", "stride")
    x, W = lesson.held("x"), lesson.held("W")
    for SH, SW in ((1, 2), (2, 3), (4, 1), (7, 8)):
        lesson.set(SH=SH, SW=SW)
        y = convolved(x, W, (SH, SW))
        lesson.shows("y", y)
        seen = np.zeros((7, 8), bool)
        for i, j in np.ndindex(y.shape):
            seen[i * SH :, j * SW :][:3, :3] = True
        assert lesson.marked("x", "faint") == np.flatnonzero(~seen).tolist()
    lesson.set(SH=2, SW=3)
    lesson.shows("y", convolved(x, W, (2, 3)))
    lesson.cells("y").nth(3).hover()  # y[1, 1]
    assert lesson.marked("x") == [8 * r + c for r in range(2, 5) for c in range(3, 6)]
    plus = lesson.place.locator(".steps").first.locator("button").last
    plus.click()
    lesson.shows("y", convolved(x, W, (3, 3)))
    for _ in range(9):
        plus.click()
    assert lesson.place.locator("[name=SH]").input_value() == "7"  # the end of the range


def drawn(lesson: Lesson) -> tuple[int, int, int, bool, bool]:
    """On the first axis: the result, positions, unseen cells; whether the figure mentions the latter."""
    axis = lesson.place.locator("#axis-OH")
    result = axis.locator("strong").inner_text()
    sentence = axis.get_by_role("status").inner_text()
    places, left = axis.locator(".place").count(), axis.locator("rect.left").count()
    said = "left over: one more" in sentence, "the kernel skips" in sentence
    return int(result.replace("–", "-1")), places, left, *said


@pytest.mark.parametrize(
    ("H", "KH", "SH", "PH"),
    [
        (7, 3, 2, 0),
        (28, 5, 1, 2),
        (0, 2, 1, 1),
        (7, 1, 3, 0),
        *(
            pytest.param(*sizes, marks=pytest.mark.full)
            for sizes in [(4, 3, 1, 1), (5, 2, 3, 0), (1, 1, 9, 0)]
        ),
    ],
)
def test_sizes(screen: Screen, H: int, KH: int, SH: int, PH: int) -> None:
    lesson = screen("size", "outsize")
    lesson.start_over()
    lesson.set(H=H, KH=KH, SH=SH, PH=PH)
    places = [i for i in range(H + 2 * PH) if i % SH == 0 and i + KH <= H + 2 * PH]
    rest = H + 2 * PH - places[-1] - KH
    unseen = H + 2 * PH - len({i + k for i in places for k in range(KH)})
    expected = len(places), len(places), unseen, rest > 0, unseen > rest
    wait(lambda: drawn(lesson) == expected, lambda: f"{drawn(lesson)}, not {expected}")


@pytest.mark.parametrize(("knobs", "axis", "reason", "remedy"), IMPOSSIBLE)
def test_impossible_sizes(
    screen: Screen, knobs: dict[str, float], axis: str, reason: str, remedy: str
) -> None:
    lesson = screen("size", "outsize")
    lesson.start_over()
    lesson.unfold()
    place = lesson.place.locator(f"#axis-{axis}")
    place.locator("strong").filter(has_text=re.compile(r"^\d+$")).wait_for()
    for name, value in knobs.items():
        lesson.place.locator(f"[name={name}]").fill(str(value))
    place.locator(".obstacle").filter(has_text=reason).wait_for()
    assert remedy in place.inner_text()
    assert place.locator("strong").inner_text() == "–"
    lesson.faults("Error: ")  # so does Python's error
    assert "get_conv_outsize" in lesson.place.locator(".cm-wrong").inner_text()
    lesson.start_over()
    place.locator("strong").filter(has_text=re.compile(r"^\d+$")).wait_for()


def test_sizes_of_edited_code(screen: Screen) -> None:
    lesson = screen("size", "outsize")
    lesson.start_over()
    place = lesson.place.locator("#axis-OH")
    for code, shown in [
        ("OH, OW = 1e9, 1", "1000000000"),
        ("OH = OW = float('inf')", "Infinity"),
        ("OH, OW = -4, 1", "-4"),
        ("OH = 7 / 3\nOW = OH", "2.33"),
    ]:
        lesson.type(code)
        place.locator("strong").filter(has_text=re.compile(f"^{shown}$")).wait_for()
        assert place.locator(".place").count() == 0  # of which kernels, nobody knows
        assert not place.locator(".told").inner_text()
    lesson.start_over()
    place.locator(".told").filter(has_text="The kernel starts on 3 of the rows.").wait_for()


@pytest.mark.full
def test_the_layers_of_a_network(screen: Screen) -> None:
    lesson = screen("network", "network")

    def shown() -> list[str]:
        return lesson.place.locator(".network code").all_inner_texts()

    lesson.says("turn the image into (10,)")
    assert shown()[:3] == ["(1, 28, 28)", "(16, 28, 28)", "(16, 28, 28)"]
    lesson.set(C=3, H=20, W=12, K=3, P=0, OC1=4, OC2=5)
    sizes = ["(3, 20, 12)", "(4, 18, 10)", "(4, 18, 10)", "(4, 9, 5)", "(5, 7, 3)", "(5, 7, 3)", "(5, 3, 1)"]
    weights = 4 * 3 * 9 + 4 + 5 * 4 * 9 + 5 + 10 * 15 + 10
    lesson.says(f"they have {weights} parameters to learn")
    assert shown() == [*sizes, "(15,)", "(10,)"]
    lesson.unfold()
    lesson.set(H=5)
    lesson.faults("kernel")
    assert lesson.place.locator(".cm-wrong").inner_text().strip() == "x = layer(x)"
    lesson.start_over()
    lesson.type(lesson.code().replace("L.MaxPool(2, 2),\n    L.Flatten", "L.Flatten"))
    lesson.says("75,978 parameters")
    lesson.start_over()
    lesson.says("28,938 parameters")


EDGE = np.outer([1, 2, 1], [-1, 0, 1])
POINT = 9 * np.outer([0, 1, 0], [0, 1, 0]) - 1
KERNELS = {"left": EDGE, "top": EDGE.T, "point": POINT, "blur": np.outer([1, 2, 1], [1, 2, 1])}


@pytest.mark.full
def test_picture_and_kernels(screen: Screen) -> None:
    lesson = screen("kernel", "draw")
    opacity = "cells => cells.map((cell) => Number(cell.querySelector('.fill').getAttribute('fill-opacity')))"
    pictures = lesson.place.locator(".shown .grid.paints")

    def seen() -> tuple[Array, Array]:
        x = np.array(pictures.first.locator(".cell").evaluate_all(opacity)).reshape(16, 15)
        return (x > 0).astype(float), np.array(pictures.last.locator(".cell").evaluate_all(opacity))

    def right() -> bool:
        x, y = seen()
        expected = np.abs(correlate2d(x, lesson.held("W"), "same"))
        return np.allclose(y.reshape(16, 15), 0.75 * expected / max(expected.max(), 1e-9), atol=0.01)

    def is_computed() -> None:
        wait(right, lambda: "the picture and what the kernel sees do not agree")

    for name in ("top", "point", "blur", "left"):
        lesson.page.click(f"#kernel-{name}")
        lesson.shows("W", KERNELS[name])
        is_computed()
        answers = correlate2d(seen()[0], lesson.held("W"), "same")
        i, j = np.unravel_index(answers.argmax(), answers.shape)
        lesson.says(f"Strongest response: y[{i}, {j}] = {answers.max():.0f}.")
    before, _ = seen()
    pictures.first.scroll_into_view_if_needed()
    box = pictures.first.bounding_box()
    assert box
    lesson.page.mouse.move(box["x"] + 20, box["y"] + 20)
    lesson.page.mouse.down()
    lesson.page.mouse.move(box["x"] + 190, box["y"] + 24, steps=20)
    lesson.page.mouse.up()
    is_computed()
    assert seen()[0].sum() > before.sum() + 8
    pictures.first.locator(".cell").last.focus()
    lesson.page.keyboard.press("Space")
    is_computed()
    assert seen()[0][15, 14] == 1
    lesson.page.click("#kernel-clear")
    lesson.says("The kernel responds nowhere.")
    lesson.start_over()


def test_in_japanese(screen: Screen) -> None:
    lesson = screen("size", "outsize")
    page = lesson.page
    page.click("#language")
    try:
        assert page.inner_text("h1") == "出力の大きさ"
        assert page.title() == "出力の大きさ · pyconvlite"
        lesson.set(W=2)
        place = lesson.place.locator("#axis-OW")
        place.locator(".obstacle").filter(has_text="カーネルの収まる場所がありません").wait_for()
        lesson.faults("Error: ")  # Python's messages are in English
    finally:
        page.click("#language")
    place.locator(".obstacle").filter(has_text="Impossible").wait_for()
    lesson.start_over()
