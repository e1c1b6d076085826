"""The picture of the network on the training page, against the weights that can be downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import DESK, PHONE
from hosting import DIST, Preview
from lessons import wait
from scipy import signal
from stages import CANVAS, back, cells, choose, look, numbers, weights
from visits import Visit

from pyconvlite.datasets import MNIST

# Elements beyond the edge of the picture, and truncated texts.
CLIPPED = """() => {
  const plate = document.querySelector('.plate').getBoundingClientRect();
  const isOut = ({ left, right, top, bottom }) =>
    left < plate.left - 1 || right > plate.right + 1 || top < plate.top - 1 || bottom > plate.bottom + 1;
  const isCut = ({ scrollWidth, clientWidth }) => clientWidth && scrollWidth > clientWidth + 1;
  // In a font for Japanese each sign is as wide as it is high; the machine may have none.
  const isTight = (label) => {
    const text = label.querySelector('button')?.title ?? label.textContent;
    const wide = [...text].filter((sign) => sign > '\\u2e80').length;
    return wide * parseFloat(getComputedStyle(label).fontSize) > label.clientWidth + 1;
  };
  return [...document.querySelectorAll('.over .label, .over .label > *, .over .choice')]
    .filter((element) =>
      isOut(element.getBoundingClientRect()) ||
      isCut(element) ||
      (element.matches('.label:not(.wrap)') && isTight(element)))
    .map((element) => element.textContent.trim() || element.dataset.key);
}"""

# Pairs of texts, one of which is written over the other.
OVERLAPPING = """() => {
  const texts = [...document.querySelectorAll('.over .label')].map((label) => {
    const range = document.createRange();
    range.selectNodeContents(label.querySelector('button')?.firstChild ?? label);
    return [label.textContent.trim(), range.getBoundingClientRect()];
  });
  const overlap = (a, b, from, to) => Math.min(a[to], b[to]) - Math.max(a[from], b[from]);
  return texts.flatMap(([text, a], i) => texts.slice(i + 1)
    .filter(([, b]) => overlap(a, b, 'left', 'right') > 1 && overlap(a, b, 'top', 'bottom') > 3)
    .map(([other]) => `${text} / ${other}`));
}"""
SIDEWAYS = """() => [document.documentElement, document.querySelector('.ground')]
  .map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)"""

# Milliseconds between frames while the page is idle.
FRAMES = """() => new Promise((done) => {
  const times = [];
  const step = (now) => (times.push(now) > 60 ? done(times) : requestAnimationFrame(step));
  requestAnimationFrame(step);
})"""


@pytest.fixture(scope="module")
def digit() -> np.ndarray:
    """The first test image, which the page shows at first."""
    images, labels = ((DIST / "site/mnist" / f"t10k-{name}.gz").read_bytes() for name in ("images", "labels"))
    return MNIST(train=False, source=(images, labels)).data[0, 0] / np.float32(255)


@pytest.fixture
def untrained(page_of: Callable[[str], Visit]) -> Iterator[Visit]:
    """A page whose weights are random and are not trained."""
    visit = page_of("index.html")
    look(visit)
    visit.page.emulate_media(reduced_motion="reduce")
    while visit.page.locator(".head button").count():
        visit.page.locator(".head button").first.click()
        visit.stand_still()
    yield visit
    visit.page.emulate_media(reduced_motion="no-preference")


def test_table_lists_the_layers(untrained: Visit) -> None:
    rows = untrained.page.locator("#layers tbody tr").all()
    assert [row.locator("th, td").all_text_contents()[:3] for row in rows] == [
        ["conv1", "convolution", "16 maps of 24 × 24"],
        ["ReLU", "ReLU", "16 maps of 24 × 24"],
        ["max pool", "max pool", "16 maps of 12 × 12"],
        ["conv2", "convolution", "32 maps of 8 × 8"],
        ["ReLU", "ReLU", "32 maps of 8 × 8"],
        ["max pool", "max pool", "32 maps of 4 × 4"],
        ["fc", "linear", "10 units"],
        ["softmax", "softmax", "10 units"],
    ]
    for stage, maps in enumerate((16, 16, 16, 32, 32, 32, 10, 10)):
        assert untrained.page.locator(f'[data-key^="map {stage} "]').count() == maps
    assert [text[0] for text in untrained.page.locator(".over .answer").all_inner_texts()] == list(
        "0123456789"
    )
    shares = [numbers(text)[0] for text in untrained.page.locator("#classes td").all_text_contents()]
    assert sum(shares) == pytest.approx(100, abs=0.6)
    caption = untrained.page.locator("#layers caption").text_content() or ""
    likeliest = [digit for digit, share in enumerate(shares) if share == max(shares)]  # as rounded
    assert any(f"“{digit}”, with probability {max(shares):.1f}%" in caption for digit in likeliest)


@pytest.mark.parametrize(
    ("width", "language"),
    [(1440, "en"), (360, "en"), (800, "ja"), (360, "ja")]
    + [pytest.param(*each, marks=pytest.mark.full) for each in ((800, "en"), (1440, "ja"))],
)
def test_nothing_is_cut_off(untrained: Visit, width: int, language: str) -> None:
    page = untrained.page
    page.set_viewport_size({"width": width, "height": 800})
    if language == "ja":
        page.click("#language")
    try:
        places = (
            ("map 3 5", 1),
            ("kernel 3", 2),
            ("map 1 4", 1),
            ("map 1 4", 2),
            ("map 2 4", 1),
            ("map 2 4", 2),
            ("map 6 4", 1),
            ("kernel 9", 2),
            ("map 7 4", 1),
            ("map 7 4", 2),
            ("name 3", 1),
            ("picture", 1),
        )
        untrained.stand_still()
        assert page.evaluate(CLIPPED) == page.evaluate(OVERLAPPING) == []
        for key, depth in places:
            if not page.locator(f'[data-key="{key}"]').count():
                page.locator(".head button").first.click()
                untrained.until("!document.querySelector('.head nav button')")
            page.click(f'[data-key="{key}"]')
            untrained.until(f"document.querySelectorAll('.head nav button').length === {depth}")
            untrained.stand_still()
            assert (key, page.evaluate(CLIPPED), page.evaluate(OVERLAPPING)) == (key, [], [])
            assert page.evaluate(SIDEWAYS) == [0, 0]
    finally:
        page.set_viewport_size(DESK)
        if language == "ja":
            page.click("#language")


def test_pixel_equals_the_weighted_sum(untrained: Visit, digit: np.ndarray, tmp_path: Path) -> None:
    W = weights(untrained, tmp_path)
    look(untrained)
    choose(untrained, "map 0 5", "conv1, map 6")
    first = signal.correlate2d(digit, W["conv1/W"][5, 0], mode="valid") + W["conv1/b"][5]
    strongest = np.unravel_index(np.abs(first).argmax(), first.shape)
    assert numbers(untrained.text("#equation"))[-1] == pytest.approx(first[strongest], abs=6e-4)
    choose(untrained, "kernel 0", f"row {strongest[0] + 1}, column {strongest[1] + 1}")
    row, column = 8, 13  # selected by the arrow keys
    canvas = untrained.page.locator('[data-key="map 0 5"]')
    canvas.focus()
    for key, steps in (("ArrowDown", row - strongest[0]), ("ArrowRight", column - strongest[1])):
        for _ in range(abs(steps)):
            before = untrained.text(".head nav")
            canvas.press(key if steps > 0 else {"ArrowDown": "ArrowUp", "ArrowRight": "ArrowLeft"}[key])
            wait(lambda before=before: untrained.text(".head nav") != before, lambda: "no step")
    untrained.wait_for(".head nav", "row 9, column 14")
    expected = float(first[row, column])
    untrained.wait_for("#equation", f"= {expected:.3f}".replace("-", "−")[:-1])
    products, bias, value = numbers(untrained.text("#equation"))
    assert (products, bias, value) == pytest.approx(
        (expected - W["conv1/b"][5], W["conv1/b"][5], expected), abs=6e-4
    )
    window = digit[8:13, 13:18]
    np.testing.assert_allclose(cells(untrained, "window"), window.ravel(), atol=6e-3)
    kernel = W["conv1/W"][5, 0]
    np.testing.assert_allclose(cells(untrained, "weights"), kernel.ravel(), atol=6e-3)
    np.testing.assert_allclose(cells(untrained, "products"), (window * kernel).ravel(), atol=6e-3)


def test_click_on_a_map_selects_a_pixel(untrained: Visit) -> None:
    choose(untrained, "map 0 0", "conv1, map 1")
    canvas = untrained.page.locator('[data-key="map 0 0"]')
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] * 10.5 / 24, "y": box["height"] * 3.5 / 24})
    untrained.wait_for(".head nav", "row 4, column 11")


def test_slices_add_up(untrained: Visit, digit: np.ndarray, tmp_path: Path) -> None:
    W = weights(untrained, tmp_path)
    look(untrained)
    choose(untrained, "map 3 20", "conv2, map 21")
    canvas = untrained.page.locator('[data-key="map 3 20"]')
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] * 4.5 / 8, "y": box["height"] * 2.5 / 8})
    untrained.wait_for(".head nav", "row 3, column 5")
    first = [
        np.maximum(signal.correlate2d(digit, k[0], mode="valid") + b, 0)
        for k, b in zip(W["conv1/W"], W["conv1/b"], strict=True)
    ]
    pooled = np.array(first).reshape(16, 12, 2, 12, 2).max(axis=(2, 4))
    sums = (pooled[:, 2:7, 4:9] * W["conv2/W"][20]).sum(axis=(1, 2))
    expected = float(sums.sum() + W["conv2/b"][20])
    assert numbers(untrained.text("#equation"))[-1] == pytest.approx(expected, abs=2e-3)
    labels = [
        bar.get_attribute("aria-label") or "" for bar in untrained.page.locator('[data-key^="sum "]').all()
    ]
    assert [numbers(label)[0] for label in labels] == pytest.approx(sums.tolist(), abs=6e-4)
    strongest = int(np.abs(sums).argmax())  # the displayed one
    window = pooled[strongest, 2:7, 4:9]
    np.testing.assert_allclose(cells(untrained, "window"), window.ravel(), atol=6e-3)
    other = (strongest + 1) % 16
    untrained.page.click(f'[data-key="sum {other}"]')
    wait(
        lambda: np.allclose(cells(untrained, "window"), pooled[other, 2:7, 4:9].ravel(), atol=6e-3),
        lambda: f"{cells(untrained, 'window')}",
    )


def test_all_ways_back(untrained: Visit) -> None:
    page = untrained.page
    choose(untrained, "map 3 1", "conv2, map 2")
    choose(untrained, "kernel 4", "row")
    back(untrained, "conv2, map 2")
    page.go_back()
    untrained.until("!document.querySelector('.head nav button')")
    page.go_forward()
    untrained.wait_for(".head nav", "conv2, map 2")
    choose(untrained, "kernel 4", "row")
    page.locator(".head nav button").first.click()
    untrained.until("!document.querySelector('.head nav button')")
    assert page.evaluate("document.activeElement.dataset.key ?? ''") in ("map 3 1", "")


@pytest.mark.full
def test_back_before_the_picture_is_loaded(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}?at=map-2-5", python=False)
    page = visit.page
    visit.until("history.state?.depth === 1")
    page.go_back()
    visit.until("!history.state?.depth")
    page.context.unroute_all()  # Python's files are released
    visit.wait_for("#go", "Train")
    look(visit)
    visit.stand_still()
    assert visit.text(".head nav") == "Network"
    page.go_forward()
    visit.wait_for(".head nav", "max pool, map 6")
    back(visit, "Network")
    assert page.url == server.url


def test_keyboard(untrained: Visit) -> None:
    page = untrained.page
    focused = "document.activeElement.dataset.key"
    page.focus('[data-key="map 0 0"]')
    for key, at in (("ArrowDown", "map 0 1"), ("ArrowRight", "map 1 1"), ("ArrowUp", "map 1 0")):
        page.keyboard.press(key)
        assert page.evaluate(focused) == at
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    untrained.wait_for(".head nav", "conv1, map 1")
    untrained.until(f"{focused} === 'map 0 0'")
    page.keyboard.press("Enter")
    untrained.wait_for(".head nav", "row")
    back(untrained, "conv1, map 1")
    back(untrained, "Network")
    untrained.until(f"{focused} === 'map 0 0'")
    assert page.locator('[data-key^="map 0 "][tabindex="0"]').count() == 1
    page.focus('[data-key="picture"]')
    page.keyboard.press("Enter")  # to a picture without selectable elements
    untrained.until("document.activeElement.textContent === 'Network'")
    page.keyboard.press("Enter")
    untrained.until(f"{focused} === 'picture'")


def test_zoom_respects_reduced_motion(untrained: Visit) -> None:
    page = untrained.page
    page.evaluate("scrollTo(0, document.querySelector('.plate').getBoundingClientRect().top + scrollY)")
    paints = """(key) => new Promise((done) => {
      const seen = new Set();
      const canvas = document.querySelector('.plate canvas');
      document.querySelector(`[data-key="${key}"]`).click();
      const start = performance.now();
      const step = () => {
        seen.add(canvas.toDataURL());
        performance.now() - start < 1500 ? requestAnimationFrame(step) : done(seen.size);
      };
      requestAnimationFrame(step);
    })"""
    assert page.evaluate(paints, "map 3 2") <= 3  # before, without and with the requested data
    back(untrained, "Network")
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(paints, "map 3 2") > 3


def test_layout_on_a_phone(untrained: Visit) -> None:
    untrained.page.set_viewport_size(PHONE)
    try:
        untrained.stand_still()
        tops = [
            untrained.page.locator(f'[data-key="{key}"]').evaluate("each => each.getBoundingClientRect().top")
            for key in ("picture", "map 0 0", "map 3 0", "map 6 0", "map 7 9")
        ]
        assert tops == sorted(tops)
        sizes = untrained.page.locator('[data-key^="map 3 "]').evaluate_all(
            "all => all.map((each) => each.getBoundingClientRect().width)"
        )
        assert min(sizes) >= 24  # large enough for a finger
        names = untrained.page.locator('.over [data-key^="name "]').evaluate_all(
            "all => all.map((each) => each.getBoundingClientRect().height)"
        )
        assert min(names) >= 24
    finally:
        untrained.page.set_viewport_size(DESK)


def test_the_saliency_of_another_class(untrained: Visit) -> None:
    page = untrained.page
    choose(untrained, "picture", "Image")
    caption = page.locator(".over .label", has_text="moves the score of")
    answer = caption.inner_text()
    untrained.stand_still()
    of_answer = page.evaluate(CANVAS)
    other = "4" if "“3”" in answer else "3"
    page.select_option("#saliency-class", other)
    caption.filter(has_text=f"“{other}”").wait_for()
    untrained.stand_still()
    assert page.evaluate(CANVAS) != of_answer
    page.select_option("#saliency-class", "")
    caption.filter(has_text=answer[-4:]).wait_for()
    untrained.stand_still()
    wait(lambda: page.evaluate(CANVAS) == of_answer, lambda: "another picture")


def test_idle_frame_rate(untrained: Visit, tell: Callable[[str], None]) -> None:
    untrained.stand_still()
    times = np.array(untrained.page.evaluate(FRAMES))
    frames = np.diff(times)
    tell(f"the network's picture, idle: a frame every {np.median(frames):.1f} ms")
    assert np.quantile(frames, 0.25) < 18  # other programs may delay some
