"""The lessons on im2col and on gradients, against plain NumPy."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from lessons import Array, Lesson, convolved, wait
from playwright.sync_api import Page
from scipy.signal import correlate2d
from visits import Visit

from pyconvlite.functions import im2col_array


def revealed(visit: Visit, *figures: str) -> Visit:
    """A lesson with all its hidden numbers revealed."""
    for figure in figures:
        Lesson(visit.page, figure).reveal()
    return visit


@pytest.fixture
def gradients(page_of: Callable[[str], Visit]) -> Visit:
    return revealed(page_of("lesson-gradients.html"), "flow", "routing")


@pytest.fixture
def matrix_lesson(page_of: Callable[[str], Visit]) -> Visit:
    return revealed(page_of("lesson-matrix.html"), "taps", "add-back")


def rows(x: Array, kernel_size: int, stride: int = 1, pad: int = 0) -> Array:
    """im2col by slices."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    reach = range(0, x.shape[2] - kernel_size + 1, stride)
    return np.array(
        [n[:, i : i + kernel_size, j : j + kernel_size].ravel() for n in x for i in reach for j in reach]
    )


def test_one_matrix_row_per_position(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "unfold")
    x = lesson.held("x")
    for kernel_size, stride, pad in ((2, 1, 0), (3, 1, 1), (3, 2, 1), (1, 3, 0), (4, 1, 0), (2, 2, 0)):
        lesson.set(kernel_size=kernel_size, stride=stride, pad=pad)
        lesson.shows("col", rows(x, kernel_size, stride, pad))


def test_selected_row_and_pixel(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "unfold")
    lesson.set(kernel_size=2, stride=1, pad=0)
    lesson.shows("col", rows(lesson.held("x"), 2))
    lesson.cells("col").nth(4 * 8).hover()
    assert lesson.marked("x") == [5, 6, 9, 10, 21, 22, 25, 26]
    assert lesson.marked("col") == list(range(32, 40))
    lesson.says("col[4]: what the kernel covers at position 5 of 9")
    lesson.cells("x").nth(16 + 5).hover()  # of the second channel
    lesson.says("x[0, 1, 1, 1] is copied 4 times.")
    assert [i % 8 for i in lesson.marked("col")] == [7, 6, 5, 4]
    lesson.cells("x").first.focus()
    lesson.says("x[0, 0, 0, 0] is copied once.")
    matrix_lesson.page.keyboard.press("ArrowRight")
    lesson.says("x[0, 0, 0, 1] is copied 2 times.")


def test_a_pixel_changed_by_keyboard_and_by_dragging(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "unfold")
    lesson.set(kernel_size=2, stride=1, pad=1)
    x = lesson.held("x")
    lesson.put("x", 6, "-2.5")
    x[0, 0, 1, 2] = -2.5
    lesson.shows("col", rows(x, 2, 1, 1))
    box = lesson.cells("x").nth(31).bounding_box()
    assert box
    matrix_lesson.page.mouse.move(box["x"] + 10, box["y"] + 10)
    matrix_lesson.page.mouse.down()
    matrix_lesson.page.mouse.move(box["x"] + 10 + 14 * 3, box["y"] + 10, steps=5)
    matrix_lesson.page.mouse.up()
    x[0, 1, 3, 3] += 3
    lesson.shows("col", rows(x, 2, 1, 1))


def test_product_equals_the_convolution(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "product")
    x, W = lesson.held("x"), lesson.held("W")
    for stride, pad in ((1, 0), (2, 1), (3, 0)):
        lesson.set(stride=stride, pad=pad)
        lesson.shows("t", rows(x, 2, stride, pad) @ W.reshape(2, -1).T)
        lesson.shows("y", convolved(x, W, stride, pad))


def test_an_output_pixel_and_its_sum(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "product")
    lesson.set(stride=1, pad=0)
    x, W = lesson.held("x"), lesson.held("W")
    y = convolved(x, W)
    lesson.shows("y", y)
    lesson.cells("y").nth(9 + 5).hover()  # y[0, 1, 1, 2]
    assert lesson.marked("x") == [6, 7, 10, 11, 22, 23, 26, 27]
    assert lesson.marked("W") == list(range(8, 16))
    assert lesson.marked("col") == list(range(40, 48))
    assert lesson.marked("kernels") == list(range(1, 16, 2))
    assert lesson.marked("t", "target") == [11]
    assert lesson.marked("y", "target") == [14]
    lesson.says("y[0, 1, 1, 2] = col[5] · kernels[:, 1] = ")
    formula = lesson.place.locator(".sentence").inner_text().split(" = ")
    assert eval(formula[2].replace("×", "*")) == float(formula[3]) == y[0, 1, 1, 2]


def test_error_is_marked_at_its_line(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "product")
    lesson.set(stride=1, pad=0)
    original = lesson.code()
    y = lesson.held("y")
    lesson.type(original.replace("kernels = W.reshape(OC, -1).T", "kernels = W.reshape(OC, -1)"))
    lesson.place.locator(".said").filter(has_text="ValueError").wait_for()
    assert "t = col @ kernels" in lesson.place.locator(".cm-wrong").inner_text()
    assert lesson.place.locator(".stale").count() == 1
    lesson.start_over()
    lesson.place.locator(".stale").wait_for(state="detached")
    assert lesson.place.locator(".said").inner_text() == ""
    lesson.shows("y", y)
    lesson.type(original.replace("pad=pad)", "pad=pad) * 2"))
    lesson.shows("y", y * 2)
    lesson.start_over()
    lesson.shows("y", y)


def test_code_that_computes_empty_arrays(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "product")
    y = lesson.held("y")
    lesson.type(f"{lesson.code()}\ncol = kernels = t = source = np.zeros((0, 0))\ny = np.zeros((0,) * 4)")
    lesson.says("= –")  # nothing is added up
    lesson.start_over()
    lesson.shows("y", y)


def test_reshaping_the_product(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "fold")
    t = lesson.held("t")
    t[2, 1] = 99
    lesson.put("t", 7, "99")
    y = np.moveaxis(t.reshape(2, 2, 2, 3), -1, 1)
    lesson.shows("y", y)
    lesson.shows("a", t.reshape(2, 2, 2, 3))
    lesson.shows("wrong", t.reshape(2, 3, 2, 2))
    lesson.cells("y").nth(6).hover()  # y[0, 1, 1, 0]
    assert lesson.marked("t", "target") == lesson.marked("a", "target") == [7]
    assert lesson.marked("wrong", "target") == [7]
    lesson.says("y[0, 1, 1, 0] is t[2, 1]. Counted from 0 it is number 7 in memory")
    lesson.says("0 × 12 + 1 × 1 + 1 × 6 + 0 × 3 = 7")


def test_columns_with_six_axes(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "taps")
    x = lesson.held("x")
    for kernel_size, stride, pad in ((3, 1, 0), (2, 2, 1), (2, 1, 0)):
        lesson.set(kernel_size=kernel_size, stride=stride, pad=pad)
        col = rows(x, kernel_size, stride, pad)
        lesson.shows("col", col)
        size = int(len(col) ** 0.5)
        lesson.shows("six", col.T.reshape(1, 1, kernel_size, kernel_size, size, size))
    lesson.place.locator(".printed").filter(has_text="same = True").wait_for()
    lesson.cells("six").nth(9 + 4).hover()  # six[0, 0, 0, 1, 1, 1]
    assert lesson.marked("col") == list(range(1, 36, 4))
    assert lesson.marked("col", "target") == [4 * 4 + 1]
    assert lesson.marked("x") == [1, 2, 3, 5, 6, 7, 9, 10, 11]
    assert lesson.marked("x", "target") == [6]
    lesson.says("Cell (0, 1) of the kernel sees its own crop, six[0, 0, 0, 1]")


def test_pooling_as_maximum_of_rows(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "pool-rows")
    x = lesson.held("x")
    for kernel_size, stride in ((3, 1), (2, 1), (2, 2)):
        lesson.set(kernel_size=kernel_size, stride=stride)
        windows = [rows(x[:, [c]], kernel_size, stride) for c in (0, 1)]
        size = int(len(windows[0]) ** 0.5)
        lesson.shows("rows", np.stack(windows, axis=1).reshape(-1, kernel_size**2))
        lesson.shows("y", np.stack([w.max(axis=1).reshape(size, size) for w in windows])[None])
    lesson.cells("y").nth(4 + 3).hover()  # y[0, 1, 1, 1]
    assert lesson.marked("x") == [26, 27, 30, 31]
    assert lesson.marked("x", "target") == [26]
    assert lesson.marked("rows", "target") == [28]
    lesson.says("y[0, 1, 1, 1]: the largest of 0, -4, -1, -2 is 0.")
    lesson.type(lesson.code().replace(".max(", ".mean("))
    lesson.shows("y", np.stack([w.mean(axis=1).reshape(2, 2) for w in windows])[None])
    lesson.start_over()


def test_col2im_adds_the_copies(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "add-back")
    x = lesson.held("x")
    for kernel_size, stride, pad, times in (
        (3, 1, 0, [1, 2, 2, 1]),
        (2, 2, 0, [1, 1, 1, 1]),
        (2, 3, 0, [1, 1, 0, 0]),
        (3, 1, 1, [2, 3, 3, 2]),
    ):
        lesson.set(kernel_size=kernel_size, stride=stride, pad=pad)
        lesson.shows("times", np.outer(times, times)[None, None])
        lesson.shows("back", x * np.outer(times, times))
        lesson.shows("col", rows(x, kernel_size, stride, pad))
    matrix_lesson.page.mouse.move(0, 0)  # otherwise it would point at what scrolls below it
    lesson.cells("back").nth(4).focus()
    lesson.says("back[0, 0, 1, 0] = 5 + 5 + 5 + 5 + 5 + 5 = 30")
    assert len(lesson.marked("col", "target")) == 6
    lesson.set(stride=3, pad=0)
    lesson.cells("back").nth(15).hover()
    lesson.says("back[0, 0, 3, 3] = 0: no position of the kernel covers this pixel.")


def test_memory_of_the_columns(matrix_lesson: Visit) -> None:
    lesson = Lesson(matrix_lesson.page, "memory")
    lesson.says("takes 9.0 times the memory of the images.")
    amounts = lesson.place.locator(".amounts code")
    assert amounts.all_inner_texts() == ["392 MiB", "3.4 GiB"]
    lesson.answer(75 * 75 * 9 / 224**2, "Right.")  # 1.009, which the figure writes as 1.0
    lesson.answer(1.1, "How many positions")
    lesson.place.get_by_role("button", name="ResNet, first layer").click()
    lesson.says("The matrix (401408, 147)")
    lesson.set(N=2, C=3, H=9, W=7, K=3, stride=2, pad=1)
    x = np.zeros((2, 3, 9, 7), np.float32)
    col = im2col_array(x, 3, 2, 1)
    lesson.says(f"The matrix ({col.shape[0]}, {col.shape[1]}) takes {col.nbytes / x.nbytes:.1f} times")
    assert amounts.all_inner_texts() == [f"{a.nbytes / 1024:.1f} KiB" for a in (x, col)]
    lesson.set(N=4096, C=64, H=64, W=64)
    lesson.says("exceeds the 4 GiB")
    cut = "knobs => knobs.filter((knob) => knob.scrollWidth > knob.clientWidth).length"
    assert not lesson.place.locator(".knobs input").evaluate_all(cut)  # four digits fit
    lesson.set(K=64, pad=0, W=20)
    lesson.place.locator(".said").filter(has_text="ValueError").wait_for()
    lesson.start_over()
    lesson.says("takes 9.0 times the memory of the images.")


def matrix(W: Array, size: int, stride: int = 1, pad: int = 0) -> Array:
    """A convolution of square one-channel images, as a matrix: a row for each output."""
    pixels = np.eye(size * size).reshape(-1, 1, size, size)
    return convolved(pixels, W, stride, pad).reshape(size * size, -1).T


def numbered(size: int) -> Array:
    return np.arange(1.0, size * size + 1).reshape(1, 1, size, size)


GEOMETRIES = ((1, 0), (1, 1), (2, 0), (3, 1), (2, 1))


@pytest.mark.full
def test_where_gradients_flow(gradients: Visit) -> None:
    lesson = Lesson(gradients.page, "flow")
    lesson.put("W", 3, "-4")
    W = lesson.held("W")
    for stride, pad in GEOMETRIES:
        lesson.set(stride=stride, pad=pad)
        A = matrix(W, 5, stride, pad)
        size = int(len(A) ** 0.5)
        lesson.has("gy", len(A))
        gy = lesson.held("gy")
        gy.flat[-1] = 2.5
        lesson.put("gy", len(A) - 1, "2.5")
        lesson.shows("gx", (A.T @ gy.ravel()).reshape(1, 1, 5, 5))
        gradients.page.mouse.move(0, 0)
        for output in {0, len(A) - 1, size}:
            lesson.cells("gy").nth(output).hover()
            seen = [int(pixel) - 1 for pixel in rows(numbered(5), 3, stride, pad)[output] if pixel]
            wait(lambda s=seen: lesson.marked("gx") == s, lambda s=seen: f"{lesson.marked('gx')}, not {s}")
        lesson.says("Backward and deconvolution differ by 0.")


@pytest.mark.full
def test_origin_of_a_gradient(gradients: Visit) -> None:
    lesson = Lesson(gradients.page, "flow")
    lesson.start_over()
    lesson.set(stride=1, pad=0)
    lesson.put("gy", 0, "2")
    lesson.cells("gx").nth(2 * 5 + 1).focus()
    lesson.says("gx[0, 0, 2, 1] = 2 × (-2) + 0 × (-1) + 0 × 3 + 1 × 0 + 0 × 2 + 0 × 1 = -4")
    assert lesson.marked("gy") == [0, 1, 3, 4, 6, 7]
    assert lesson.marked("W") == [0, 1, 3, 4, 6, 7]
    lesson.set(stride=3)
    lesson.cells("gx").nth(24).hover()
    lesson.says("gx[0, 0, 4, 4] = 0: no output depends on this pixel.")
    lesson.start_over()
    lesson.shows("gy", np.array([0, 0, 0, 0, 1, 0, 0, 0, 0]).reshape(1, 1, 3, 3))


@pytest.mark.full
def test_the_adjoint(gradients: Visit) -> None:
    lesson = Lesson(gradients.page, "adjoint")
    lesson.put("x", 2, "-3")
    lesson.put("gy", 2, "4")
    lesson.put("W", 0, "5")
    x, W, gy = (lesson.held(name) for name in ("x", "W", "gy"))
    A = matrix(W, 3)
    lesson.shows("A", A)
    lesson.shows("B", A.T)
    lesson.shows("y", (A @ x.ravel()).reshape(gy.shape))
    lesson.shows("back", (A.T @ gy.ravel()).reshape(x.shape))
    lesson.says("Difference: 0.")
    product = f"= {gy.ravel() @ A @ x.ravel():.0f}"
    sentence = lesson.place.locator(".sentence").inner_text().splitlines()
    assert sentence[0].startswith("⟨gy, conv(x)⟩ = ")
    assert sentence[1].startswith("⟨deconv(gy), x⟩ = ")
    assert all(line.endswith(product) for line in sentence[:2])
    lesson.cells("A").nth(9 + 5).hover()
    lesson.says(f"A[1, 5] = B[5, 1] = {A[1, 5]:.0f}")
    assert lesson.marked("B", "target") == [5 * 4 + 1]
    assert lesson.marked("x", "target") == lesson.marked("back", "target") == [5]
    assert lesson.marked("y", "target") == lesson.marked("gy", "target") == [1]


@pytest.mark.full
def test_gradient_of_the_weights(gradients: Visit) -> None:
    lesson = Lesson(gradients.page, "weights")
    lesson.put("x", 12, "-6")
    x = lesson.held("x")
    for stride, pad in GEOMETRIES:
        lesson.set(stride=stride, pad=pad)
        col = rows(x, 3, stride, pad)
        lesson.has("gy", len(col))
        lesson.shows("gW", (lesson.held("gy").ravel() @ col).reshape(1, 1, 3, 3))
        lesson.cells("gW").nth(5).hover()
        met = [int(pixel) - 1 for pixel in rows(numbered(5), 3, stride, pad)[:, 5] if pixel]
        wait(lambda m=met: lesson.marked("x") == m, lambda m=met: f"{lesson.marked('x')}, not {m}")
        lesson.says("Backward and correlation differ by 0.")
    lesson.set(stride=1, pad=0)
    lesson.has("gy", 9)
    gy = lesson.held("gy")
    lesson.shows("gW", correlate2d(x[0, 0], gy[0, 0], "valid")[None, None])


@pytest.mark.full
def test_gradient_of_pooling(gradients: Visit) -> None:
    lesson = Lesson(gradients.page, "routing")
    lesson.put("x", 2, "7")  # equal to the pixel two rows below: the first one takes the gradient
    x = lesson.held("x")
    for kernel_size, stride in ((3, 1), (2, 1), (4, 1), (2, 2)):
        lesson.set(kernel_size=kernel_size, stride=stride)
        col, source = rows(x, kernel_size, stride), rows(numbered(4), kernel_size, stride).astype(int) - 1
        lesson.has("gy", len(col))
        gy = lesson.held("gy")
        lesson.shows("y", col.max(axis=1).reshape(gy.shape))
        lesson.shows("index", col.argmax(axis=1).reshape(gy.shape))
        gx, spread = np.zeros((2, 16))
        for window, share in enumerate(gy.ravel()):
            gx[source[window, col[window].argmax()]] += share
            spread[source[window]] += share / kernel_size**2
        lesson.shows("gx", gx.reshape(x.shape))
        lesson.shows("spread", spread.reshape(x.shape))
    lesson.cells("gy").nth(3).hover()
    lesson.says("gy[0, 0, 1, 1] = 4 goes to place 1 of its window, counted from 0: gx[0, 0, 2, 3].")
    assert lesson.marked("gx") == lesson.marked("spread") == lesson.marked("x") == [10, 11, 14, 15]
    assert lesson.marked("gx", "target") == [11]
    lesson.cells("gx").nth(0).hover()
    lesson.says("gx[0, 0, 0, 0] = 0: this pixel is the largest of no window.")
    lesson.set(stride=1)
    lesson.cells("gx").nth(6).hover()
    lesson.says("gx[0, 0, 1, 2] = 5: from the windows")


@pytest.mark.full
def test_second_order_gradient(gradients: Visit) -> None:
    lesson = Lesson(gradients.page, "second")
    lesson.put("W", 1, "-0.75")
    lesson.says("With h = 1e-4,")
    assert lesson.place.locator(".errors").count() == 0  # it would reveal the answer
    lesson.choose_any()
    x, W = lesson.held("x").ravel(), lesson.held("W")
    M = matrix(W, 4)
    gx = 2 * M.T @ M @ x  # of sum((M x)**2)
    units = [matrix(unit.reshape(W.shape), 4) for unit in np.eye(4)]
    gW = [2 * gx @ (2 * (U.T @ M + M.T @ U) @ x) for U in units]
    lesson.shows("gx", gx.reshape(1, 1, 4, 4))
    lesson.shows("gW", np.reshape(gW, W.shape))
    lesson.shows("numeric", np.reshape(gW, W.shape))
    lesson.says("With h = 1e-4, backward and measurement differ by at most")
    assert 0 < differs(lesson) < 1e-4
    assert lesson.place.locator(".errors circle").count() == 12
    lesson.set(digits=1)
    lesson.says("With h = 1e-1,")
    assert differs(lesson) > 1e-2  # the step misses the curvature
    lesson.set(digits=12)
    lesson.says("With h = 1e-12,")
    assert differs(lesson) > 1e-3  # rounding
    lesson.type(lesson.code().replace("create_graph=True", "create_graph=False"))
    lesson.shows("gW", np.zeros(W.shape))
    lesson.start_over()
    lesson.says("With h = 1e-4,")


def differs(lesson: Lesson) -> float:
    sentence = lesson.place.locator(".sentence").inner_text()
    return float(sentence.split("at most ")[1].split()[0].rstrip("."))


NO_WORDS = ("conv(", "deconv(", "to_matrix=", "y[", "back[")  # formulas, the same in both languages
PAGES = pytest.mark.parametrize("lesson", ["matrix_lesson", "gradients"])


@PAGES
def test_in_japanese(request: pytest.FixtureRequest, lesson: str) -> None:
    page = request.getfixturevalue(lesson).page
    page.mouse.move(0, 0)  # the pointer would change the sentences
    for figure in page.locator("main section:has(.sentence)").all():
        figure.scroll_into_view_if_needed()  # figures out of sight are not computed
        figure.locator(".sentence", has_text=re.compile(".")).wait_for()
    english = figure_texts(page)
    assert english
    page.click("#language")
    try:
        japanese = figure_texts(page)
        for before, after in zip(english, japanese, strict=True):
            assert before != after or before.startswith(NO_WORDS), before
        assert not page.title().isascii()
    finally:
        page.click("#language")
    assert figure_texts(page) == english


def figure_texts(page: Page) -> list[str]:
    """Titles of the tensors and the sentences below them."""
    return [text.strip() for text in page.locator("figcaption, .sentence").all_inner_texts()]
