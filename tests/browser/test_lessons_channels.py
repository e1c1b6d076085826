"""Lessons 6 and 7: figures on channels, batches and pooling against plain NumPy."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from lessons import Array, Lesson, convolved, wait
from scipy.ndimage import correlate
from visits import Visit

pytestmark = pytest.mark.full


@pytest.fixture
def channels(page_of: Callable[[str], Visit]) -> Visit:
    visit = page_of("lesson-channels.html")
    Lesson(visit.page, "batch").choose_any()
    return visit


@pytest.fixture
def pooling(page_of: Callable[[str], Visit]) -> Visit:
    return page_of("lesson-pooling.html")


def pooled(x: Array, reduce: Callable[[Array], float], size: int, stride: int) -> Array:
    """(C, H, W), window by window."""
    reach = range(0, x.shape[-1] - size + 1, stride)
    windows = [[[c[i : i + size, j : j + size] for j in reach] for i in reach] for c in x]
    return np.array([[[reduce(window) for window in row] for row in c] for c in windows])


def test_kernel_has_the_channels_of_the_image(channels: Visit) -> None:
    lesson = Lesson(channels.page, "channels")
    lesson.put("x", 16 + 5, "-2")  # of the second channel
    x, W = lesson.held("x"), lesson.held("W")
    y = correlate(x, W, mode="constant", origin=[-1, -1, -1])[:1, :2, :2]  # for the whole block
    lesson.shows("y", y)
    kernel = lesson.place.locator(".kernel .front")
    places = set()
    for i, j in product(range(2), repeat=2):
        lesson.cells("y").nth(2 * i + j).focus()
        lesson.says(f"y[0, {i}, {j}] = ")
        shares = (x[:, i : i + 3, j : j + 3] * W).sum(axis=(1, 2))
        written = " + ".join(f"{s:.0f}" if s >= 0 else f"({s:.0f})" for s in shares)
        lesson.says(f" = {written} = {y[0, i, j]:.0f}: one partial sum each")
        block = [16 * c + 4 * r + k for c in range(3) for r in range(i, i + 3) for k in range(j, j + 3)]
        assert lesson.marked("x") == block
        places.add(kernel.get_attribute("points"))
    assert len(places) == 4
    assert lesson.place.locator(".arrow").count() == 2  # it does not move along the channels
    assert lesson.place.locator(".slanted").get_attribute("aria-label", timeout=0).endswith("two directions.")
    lesson.start_over()


def test_color_image(channels: Visit) -> None:
    lesson = Lesson(channels.page, "channels")
    colours = "pixels => pixels.map((pixel) => pixel.getAttribute('fill').match(/\\d+/g).map(Number))"
    lesson.put("x", 5, "1.5")
    lesson.put("x", 32 + 5, "9")  # colours are clipped at full intensity
    expected = lesson.held("x").clip(0, 3).transpose(1, 2, 0) / 3 * 255
    shown = np.reshape(lesson.place.locator(".colours rect").evaluate_all(colours), (4, 4, 3))
    assert np.allclose(shown, expected, atol=0.51)
    assert tuple(shown[1, 1]) == (128, 85, 255)
    lesson.start_over()


def test_mismatched_channels(channels: Visit) -> None:
    lesson = Lesson(channels.page, "channels")
    lesson.type(lesson.code().replace("W[None]", "W[None, :2]"))
    lesson.faults("ValueError")
    lesson.faults("channels")
    assert "conv2d" in lesson.place.locator(".cm-wrong").inner_text()
    lesson.start_over()
    lesson.says("red, green and blue")


def test_one_output_channel_per_kernel(channels: Visit) -> None:
    lesson = Lesson(channels.page, "kernels")
    for OC in (1, 4, 3):
        lesson.set(OC=OC)
        lesson.has("W", OC * 12)
        y = convolved(lesson.held("x")[None], lesson.held("W"))[0]
        assert y.shape == (OC, 2, 2)
        lesson.shows("y", y)
    before = y
    lesson.put("W", 12 + 6, "5")  # of the second kernel, second channel, third number
    y = convolved(lesson.held("x")[None], lesson.held("W"))[0]
    lesson.shows("y", y)
    assert [c for c in range(3) if (y[c] != before[c]).any()] == [1]
    lesson.cells("y").nth(4 * 2 + 3).hover()  # y[2, 1, 1]
    lesson.says(f"y[2, 1, 1] = {y[2, 1, 1]:.0f}: kernel W[2] makes channel 2; here one sum of 12 products")
    assert lesson.marked("x") == [9 * c + i for c in range(3) for i in (4, 5, 7, 8)]
    assert lesson.marked("W") == list(range(24, 36))
    assert blocks(lesson) == {"x (3, 3, 3)": 1, "W (3, 3, 2, 2)": 3, "y (3, 2, 2)": 1}
    lesson.cells("W").first.focus()
    lesson.says("y[0, 1, 1] = ")
    lesson.start_over()


def blocks(lesson: Lesson) -> dict[str, int]:
    """How many blocks are drawn of each array."""
    parts = lesson.place.locator(".volumes > div").all()
    return {part.inner_text().strip(): part.locator(".solid:not(.kernel)").count() for part in parts}


def test_bias_per_channel(channels: Visit) -> None:
    lesson = Lesson(channels.page, "biases")
    lesson.set(OC=3)
    lesson.has("W", 36)
    sums = convolved(lesson.held("x")[None], lesson.held("W"))[0]
    lesson.shows("sums", sums)
    lesson.put("b", 2, "-7.5")
    b = lesson.held("b")
    y = sums + np.array([[[value]] for value in b])
    lesson.shows("y", y)
    assert b.shape == (3,)
    lesson.cells("sums").nth(4 * 2 + 1).hover()
    lesson.says(f"y[2, 0, 1] = {sums[2, 0, 1]:.0f} + (-7.5) = {y[2, 0, 1]}: b[2] is added to all 4 sums")
    assert lesson.marked("b", "target") == [2]
    lesson.cells("b").first.focus()
    assert lesson.marked("y", "target") == [1]
    assert blocks(lesson)["b (3,)"] == 3
    lesson.start_over()


def test_images_of_a_batch_are_independent(channels: Visit) -> None:
    lesson = Lesson(channels.page, "batch")
    for N in (1, 4, 3):
        lesson.set(N=N)
        lesson.has("x", N * 27)
        y = convolved(lesson.held("x"), lesson.held("W")) + np.reshape([5, -3], (1, 2, 1, 1))
        lesson.shows("y", y)
        assert y.shape == (N, 2, 2, 2)
    lesson.put("x", 27 + 13, "9")  # in the middle of the second image
    after = convolved(lesson.held("x"), lesson.held("W")) + np.reshape([5, -3], (1, 2, 1, 1))
    lesson.shows("y", after)
    assert [n for n in range(3) if (after[n] != y[n]).any()] == [1]
    lesson.cells("y").nth(16 + 7).hover()
    lesson.says("y[2, 1, 1, 1] = ")
    lesson.says(
        "comes from image x[2] alone. Computed by itself, that image gives the same: they differ by 0."
    )
    assert set(np.array(lesson.marked("x")) // 27) == {2}
    lesson.type(lesson.code().replace("x[n : n + 1]", "2 * x[n : n + 1]"))
    sentence = lesson.place.locator(".sentence")
    wait(lambda: not sentence.inner_text().endswith("by 0."), lambda: "they are still the same")
    lesson.says("they differ by ")
    lesson.start_over()


def test_batch_without_the_selected_image(channels: Visit) -> None:
    lesson = Lesson(channels.page, "batch")
    lesson.set(N=3)
    lesson.has("x", 3 * 27)
    lesson.cells("y").nth(16 + 7).hover()
    lesson.says("comes from image x[2] alone")
    lesson.set(N=1)
    lesson.says("y[0, 1, 1, 1] = ")
    lesson.says(
        "comes from image x[0] alone. Computed by itself, that image gives the same: they differ by 0."
    )
    assert lesson.place.locator(".said").inner_text() == ""
    lesson.start_over()


def test_marks_are_cleared_when_the_size_changes(channels: Visit) -> None:
    lesson = Lesson(channels.page, "kernels")
    lesson.type(lesson.code().replace("W)[0]", "W, pad=1)[0]"))
    padded = np.pad(lesson.held("x"), ((0, 0), (1, 1), (1, 1)))
    lesson.shows("y", convolved(padded[None], lesson.held("W"))[0])
    assert lesson.marked("x") == lesson.marked("W") == []
    assert lesson.place.locator(".sentence").inner_text() == ""
    lesson.start_over()
    lesson.says("kernel W[0]")


def test_pooling_per_channel(pooling: Visit) -> None:
    lesson = Lesson(pooling.page, "pooling")
    lesson.reveal()
    for C, size, stride in ((1, 2, 1), (3, 3, 1), (3, 1, 2), (2, 4, 3), (3, 2, 2)):
        lesson.set(C=C, kernel_size=size, stride=stride)
        lesson.has("x", C * 16)
        x = lesson.held("x")
        lesson.shows("most", pooled(x, np.max, size, stride))
        lesson.shows("mean", pooled(x, np.mean, size, stride))
    lesson.put("x", 16 + 3, "12")
    x = lesson.held("x")
    lesson.shows("most", pooled(x, np.max, 2, 2))
    lesson.cells("mean").nth(4 + 1).hover()
    window = x[1, :2, 2:]
    numbers = ", ".join(f"{n:.0f}" for n in window.ravel())
    lesson.says(f"in channel 1 only. Of {numbers} the largest is 12; the mean is {window.mean():.4g}.")
    lesson.says("Parameters to learn in this layer: 0.")
    assert lesson.marked("x") == [18, 19, 22, 23]
    assert lesson.marked("x", "target") == [19]
    lesson.set(kernel_size=4, stride=2)
    lesson.says("Of ")
    lesson.start_over()


def test_pooling_of_a_shifted_image(pooling: Visit) -> None:
    lesson = Lesson(pooling.page, "shifted")
    read = (
        "cells => cells.map((cell) => Number(cell.querySelector('.fill').getAttribute('fill-opacity') > 0))"
    )

    def picture(name: str) -> Array:
        cells = np.array(lesson.cells(name).evaluate_all(read), dtype=float)
        return cells.reshape(int(len(cells) ** 0.5), -1)

    def alike(a: Array, b: Array) -> str:
        a, b = a.astype(bool), b.astype(bool)
        return f"{round(100 * (a & b).sum() / (a | b).sum())}%"

    x = picture("x")
    for right, down, size, stride in ((1, 0, 3, 2), (0, -2, 4, 4), (3, 1, 5, 1)):
        lesson.set(right=right, down=down, kernel_size=size, stride=stride)
        moved = np.roll(np.roll(x, right, axis=1), down, axis=0)
        small = pooled(x[None], np.max, size, stride)[0]
        small_moved = pooled(moved[None], np.max, size, stride)[0]
        lesson.says(f"pictures overlap by {alike(x, moved)}; after pooling, by ")
        lesson.says(f"pooling, by {alike(small, small_moved)}.")
        assert (picture("moved") == moved).all()
        assert (picture("pooled_moved") == small_moved).all()
        assert lesson.marked("pooled_moved", "target") == list(np.flatnonzero(small != small_moved))
    lesson.start_over()
    lesson.says("overlap by 29%; after pooling, by 79%.")
    lesson.cells("x").first.focus()
    pooling.page.keyboard.press("Space")
    lesson.says("overlap by 28%")
    lesson.set(kernel_size=20)
    lesson.says("pooling, by 100%.")
    lesson.start_over()


def test_in_japanese(channels: Visit) -> None:
    page = channels.page
    page.click("#language")
    try:
        assert page.title() == "チャンネル · pyconvlite"
        words = page.locator("main :is(h2, p, label, button, figcaption):visible").all_inner_texts()
        assert [text for text in words if re.search(r"[a-z]{3,} [a-z]{3,}", text)] == []
        labels = page.locator("main :is(.volumes, .grid, .slanted)")
        spoken = labels.evaluate_all("all => all.map((each) => each.getAttribute('aria-label'))")
        assert len(spoken) > 20
        assert not any(label.isascii() for label in spoken)
    finally:
        page.click("#language")
