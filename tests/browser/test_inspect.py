"""The inside of the network on the training page, against the weights that the page gives away."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hosting import DIST
from lessons import wait
from scipy import signal
from visits import Visit

import pyconvlite.functions as F
from pyconvlite.datasets import MNIST
from tab import training

# What the first map of a column looks like.
PIXELS = """(column) =>
  document.querySelectorAll('#columns .column')[column].querySelector('.maps canvas').toDataURL()"""


@pytest.fixture(scope="module")
def digit() -> np.ndarray:
    """The first test image, which the page shows at its start."""
    images, labels = ((DIST / "site/mnist" / f"t10k-{name}.gz").read_bytes() for name in ("images", "labels"))
    return MNIST(train=False, source=(images, labels)).data[0, 0] / np.float32(255)


@pytest.fixture
def untrained(page_of: Callable[[str], Visit]) -> Visit:
    """A page to look at: its weights are random, and stay so."""
    return page_of("index.html")


def look_inside(visit: Visit) -> None:
    """Scroll to the view and wait until it shows something."""
    visit.page.locator("#inspect-body").evaluate("view => view.scrollIntoView()")
    visit.page.wait_for_selector("#inspect-detail", state="visible")


def choose(visit: Visit, column: int, channel: int) -> None:
    visit.page.locator("#columns .column").nth(column).locator("[role=option]").nth(channel).click()


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


def weights(visit: Visit, folder: Path) -> dict[str, np.ndarray]:
    with np.load(visit.weights(folder)) as file:
        return dict(file)


def look_of(visit: Visit, column: int) -> str:
    return str(visit.page.evaluate(PIXELS, column))


def test_the_columns_are_the_models_layers(untrained: Visit) -> None:
    look_inside(untrained)
    heads = untrained.page.locator("#columns .head").all_inner_texts()
    assert [[line for line in head.split("\n") if line] for head in heads] == [
        ["picture", "28 × 28 pixels"],
        ["conv1", "convolution", "16 maps, 24 × 24"],
        ["ReLU", "16 maps, 24 × 24"],
        ["max pooling", "16 maps, 12 × 12"],
        ["conv2", "convolution", "32 maps, 8 × 8"],
        ["ReLU", "32 maps, 8 × 8"],
        ["max pooling", "32 maps, 4 × 4"],
        ["fc", "fully connected", "10 units"],
        ["softmax", "10 units"],
    ]
    for column, maps in enumerate((16, 16, 16, 32, 32, 32, 10, 10), start=1):
        options = untrained.page.locator("#columns .column").nth(column).locator("[role=option]")
        assert options.count() == maps


def test_a_pixel_is_the_sum_that_the_weights_give(
    untrained: Visit, digit: np.ndarray, tmp_path: Path
) -> None:
    look_inside(untrained)
    untrained.page.locator("#inspect").scroll_into_view_if_needed()
    W = weights(untrained, tmp_path)
    look_inside(untrained)
    choose(untrained, column=1, channel=5)
    untrained.wait_for("#map-title", "conv1, map 6")
    first = signal.correlate2d(digit, W["conv1/W"][5, 0], mode="valid") + W["conv1/b"][5]
    row, column = np.unravel_index(np.abs(first).argmax(), first.shape)
    assert untrained.page.input_value("#map-row") == str(row + 1)  # the strongest, to begin with
    assert untrained.page.input_value("#map-column") == str(column + 1)
    assert numbers(untrained.text("#equation"))[-1] == pytest.approx(first[row, column], abs=6e-4)

    untrained.page.fill("#map-row", "9")
    untrained.page.fill("#map-column", "14")
    expected = float(first[8, 13])
    untrained.wait_for("#equation", f"{expected:.3f}".replace("-", "−"))
    products, bias, value = numbers(untrained.text("#equation"))
    assert (products, bias, value) == pytest.approx(
        (expected - W["conv1/b"][5], W["conv1/b"][5], expected), abs=6e-4
    )
    cells = untrained.page.locator("#term-window .cell text").all_text_contents()
    np.testing.assert_allclose([float(cell) for cell in cells], digit[8:13, 13:18].ravel(), atol=6e-3)


def test_a_click_on_a_map_chooses_its_pixel(untrained: Visit) -> None:
    look_inside(untrained)
    choose(untrained, column=1, channel=0)
    untrained.wait_for("#map-title", "conv1, map 1")
    canvas = untrained.page.locator("#map")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] * 10.5 / 24, "y": box["height"] * 3.5 / 24})
    untrained.until("document.getElementById('map-row').value === '4'")
    assert untrained.page.input_value("#map-column") == "11"


def test_slices_of_a_deeper_layer_add_up(untrained: Visit, digit: np.ndarray, tmp_path: Path) -> None:
    W = weights(untrained, tmp_path)
    look_inside(untrained)
    choose(untrained, column=4, channel=20)
    untrained.wait_for("#map-title", "conv2, map 21")
    untrained.page.fill("#map-row", "3")
    untrained.page.fill("#map-column", "5")
    first = [
        np.maximum(signal.correlate2d(digit, k[0], mode="valid") + b, 0)
        for k, b in zip(W["conv1/W"], W["conv1/b"], strict=True)
    ]
    pooled = np.array(first).reshape(16, 12, 2, 12, 2).max(axis=(2, 4))
    sums = (pooled[:, 2:7, 4:9] * W["conv2/W"][20]).sum(axis=(1, 2))
    expected = float(sums.sum() + W["conv2/b"][20])
    untrained.wait_for("#equation", f"= {expected:.3f}"[:-1].replace("-", "−"))
    shown = [numbers(text)[0] for text in untrained.page.locator("#slices .caption").all_text_contents()]
    assert shown == pytest.approx(sums.tolist(), abs=6e-4)
    strongest = int(np.abs(sums).argmax())
    chosen = untrained.page.locator("#slices [aria-selected=true]")
    assert (chosen.get_attribute("aria-label") or "").startswith(f"Slice {strongest + 1},")
    assert untrained.text("#source-title") == f"Map {strongest + 1} of the input"


@pytest.mark.full
@pytest.mark.parametrize("model", ["LeNet", "MLP"])
def test_other_models_open_as_well(visit: Visit, model: str) -> None:
    visit.choose(model=model, images=10_000)
    visit.page.click("#go")
    look_inside(visit)
    last = {"LeNet": "fc3", "MLP": "layers/1"}[model]
    visit.page.locator("#columns h4").filter(has_text=last).wait_for()
    visit.wait_for("#notice", "Test accuracy", seconds=120)
    columns = visit.page.locator("#columns .column").count()
    choose(visit, column=columns - 2, channel=7)
    visit.wait_for("#map-title", f"{last}, unit 8")
    total, bias, value = numbers(visit.text("#equation"))
    assert total + bias == pytest.approx(value, abs=2e-3)
    assert value == max(
        numbers(
            " ".join(
                visit.page.locator("#columns .column")
                .nth(columns - 2)
                .locator(".caption")
                .all_text_contents()
            )
        )
    )


def test_a_dead_unit_is_flagged(visit: Visit, tmp_path: Path) -> None:
    rigged = weights(visit, tmp_path)
    rigged["conv1/b"][3] = -100
    np.savez(tmp_path / "rigged.npz", **rigged)
    visit.page.set_input_files("#file", tmp_path / "rigged.npz")
    visit.wait_for("#notice", "The weights of rigged.npz are in.")
    look_inside(visit)
    relu = visit.page.locator("#columns .column").nth(2)
    relu.locator(".facts").filter(has_text="1 of 16 dead").wait_for()
    flagged = relu.locator(".flagged")
    assert flagged.count() == 1
    assert flagged.get_attribute("aria-label") == "4: 0.000, dead: zero for every probe image"


def test_it_follows_training_only_while_somebody_looks(visit: Visit) -> None:
    visit.choose(epochs=100)  # it is stopped below
    look_inside(visit)
    visit.page.evaluate("document.getElementById('go').click()")
    visit.page.wait_for_selector("#stop[aria-disabled=false]", state="attached")
    pictures, start = {look_of(visit, 1)}, visit.seen()

    def changed() -> bool:
        pictures.add(look_of(visit, 1))
        return len(pictures) == 4

    wait(changed, lambda: f"there were {len(pictures)} pictures", seconds=60)
    three_looks = visit.seen() - start  # the images of the training that they took
    for hide, show in (
        ("document.getElementById('inspect').open = false", "document.getElementById('inspect').open = true"),
        ("scrollTo(0, 0)", "document.getElementById('inspect-body').scrollIntoView()"),
    ):
        visit.page.evaluate(hide)
        visit.until_seen(visit.seen() + three_looks // 2)  # an answer may be under way
        before = look_of(visit, 1)
        visit.until_seen(visit.seen() + three_looks)
        assert look_of(visit, 1) == before
        visit.page.evaluate(show)
        wait(lambda before=before: look_of(visit, 1) != before, lambda: "nothing follows", seconds=60)
    visit.page.evaluate("document.getElementById('stop').click()")
    visit.wait_for("#go", "Train")


def gradient_norms(W: dict[str, np.ndarray]) -> dict[str, float]:
    """Of each layer of the small CNN, for the loss on the first 64 test images."""
    model = training.build(training.SmallCNN)
    for name, param in model.named_params():
        param.data = W[name]
    images, labels = ((DIST / "site/mnist" / f"t10k-{name}.gz").read_bytes() for name in ("images", "labels"))
    probe = MNIST(train=False, source=(images, labels))
    F.softmax_cross_entropy(model(probe.data[:64] / np.float32(255)), probe.label[:64]).backward()
    squares: dict[str, float] = {}
    for name, param in model.named_params():
        layer = name.split("/")[0]
        squares[layer] = squares.get(layer, 0.0) + float((param.grad.data**2).sum())
    return {layer: square**0.5 for layer, square in squares.items()}


def test_gradients_and_weights_are_followed_over_time(visit: Visit, tmp_path: Path) -> None:
    before = weights(visit, tmp_path)
    look_inside(visit)
    visit.page.wait_for_selector("#gradient-legend li")
    legend = visit.page.locator("#gradient-legend li")
    expected = gradient_norms(before)

    def shown() -> dict[str, float]:
        norms = dict(text.split() for text in legend.all_inner_texts())
        return {layer: float(norm) for layer, norm in norms.items()}

    wait(lambda: shown() == pytest.approx(expected, rel=0.06), lambda: f"{shown()}, not {expected}")
    assert list(shown()) == list(expected)
    visit.page.locator("#changes .hint").first.filter(has_text=re.compile("^changed by 0%$")).wait_for()

    visit.choose(images=10_000, batchSize=16, fresh="yes")
    visit.page.click("#go")
    look_inside(visit)
    visit.until("document.querySelectorAll('.activations')[0].width >= 3")  # moments of the training
    visit.page.evaluate("document.getElementById('stop').click()")
    visit.wait_for("#go", "Train")
    after = weights(visit, tmp_path)
    look_inside(visit)
    expected = gradient_norms(after)
    norm = f"{expected['conv1']:#.2g}"[:4]
    legend.filter(has_text="conv1").filter(has_text=norm).wait_for()
    label = visit.page.get_attribute("#gradient-chart", "aria-label") or ""
    assert label.startswith("Gradient norms after ")
    assert "fc" in label
    changed = visit.page.locator("#changes li").first.inner_text()
    assert changed.startswith("conv1 changed by ")
    assert "by 0%" not in changed

    choose(visit, column=1, channel=2)
    visit.wait_for("#map-title", "conv1, map 3")
    now, former = (
        [float(cell) for cell in visit.page.locator(f"#term-{name} .cell text").all_text_contents()]
        for name in ("weights", "before")
    )
    np.testing.assert_allclose(now, after["conv1/W"][2, 0].ravel(), atol=6e-3)
    assert np.abs(np.array(now) - former).max() > 0.02  # it has learnt


def test_the_saliency_of_another_class(untrained: Visit) -> None:
    look_inside(untrained)
    caption = untrained.page.locator(".given figcaption")
    answer = caption.inner_text()
    assert re.fullmatch("Saliency: how much each pixel moves the score of “[0-9]”", answer)
    of_answer = untrained.page.evaluate("document.getElementById('saliency').toDataURL()")
    other = "4" if "“3”" in answer else "3"
    untrained.page.select_option("#saliency-class", other)
    caption.filter(has_text=f"“{other}”").wait_for()
    assert untrained.page.evaluate("document.getElementById('saliency').toDataURL()") != of_answer
    untrained.page.select_option("#saliency-class", "")
    caption.filter(has_text=answer[-4:]).wait_for()
    assert untrained.page.evaluate("document.getElementById('saliency').toDataURL()") == of_answer


@pytest.mark.full
@pytest.mark.parametrize(("model", "kernels"), [("SmallCNN", "auto"), ("LeNet", "numpy")])
def test_looking_inside_takes_less_than_a_tenth_of_training(
    visit: Visit, model: str, kernels: str, tell: Callable[[str], None]
) -> None:
    visit.choose(model=model, kernels=kernels)
    look_inside(visit)
    visit.page.evaluate("document.getElementById('go').click()")
    visit.page.wait_for_selector("#stop[aria-disabled=false]", state="attached")
    visit.until("document.querySelectorAll('.activations')[0].width >= 3")  # moments of the training
    (share,) = numbers(visit.text("#inspect-share"))
    visit.page.evaluate("document.getElementById('stop').click()")
    visit.wait_for("#go", "Train")
    tell(f"looking inside, {model}, {kernels}: {share}% of the training's time")
    assert 1 < share < 10


def test_maps_are_chosen_by_keyboard(untrained: Visit) -> None:
    look_inside(untrained)
    column = untrained.page.locator("#columns .column").nth(4)
    choose(untrained, column=4, channel=0)
    untrained.wait_for("#map-title", "conv2, map 1")
    untrained.page.keyboard.press("ArrowRight")
    untrained.wait_for("#map-title", "conv2, map 2")
    untrained.page.keyboard.press("ArrowDown")
    untrained.wait_for("#map-title", "conv2, map 6")
    untrained.page.keyboard.press("End")
    untrained.wait_for("#map-title", "conv2, map 32")
    assert column.locator("[role=option][tabindex='0']").count() == 1
    assert column.locator("[aria-selected=true]").count() == 1
