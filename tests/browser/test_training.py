"""The main job: from a cold page to a network that reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ColdStart
from hosting import DIST
from strokes import DIGITS, draw
from visits import Visit

from pyconvlite.datasets import MNIST
from tab import training


@pytest.fixture(scope="module")
def test_set() -> MNIST:
    images, labels = ((DIST / "site/mnist" / f"t10k-{name}.gz").read_bytes() for name in ("images", "labels"))
    return MNIST(train=False, transform=training.scaled, source=(images, labels))


def test_the_defaults_reach_97_percent(trained: Visit) -> None:
    assert float(trained.text("#test-accuracy").rstrip("%")) >= 97
    assert trained.seen() == 60_000
    assert trained.text("#model-hint") == "Small CNN, trained on 60,000 images."


def test_how_long_mnist_takes(cold_start: ColdStart, trained: Visit, tell: Callable[[str], None]) -> None:
    """Told, not bounded: it depends on the machine."""
    _, ready, seconds, accuracy = cold_start
    assert accuracy >= 97
    epoch = 60_000 / int(trained.text("#r-rate").replace(",", ""))
    tell(
        f"MNIST in the tab: from a cold page to {accuracy}% of the test images {seconds:.1f} s, of which "
        f"{ready:.1f} s until it can train; an epoch over 60,000 images {epoch:.1f} s, "
        f"after which {trained.text('#test-accuracy')}"
    )


def test_the_accuracy_shown_is_the_one_of_the_weights(
    trained: Visit, test_set: MNIST, tmp_path: Path
) -> None:
    path = trained.weights(tmp_path)
    assert path.name == "SmallCNN.npz"
    evaluation = training.Evaluation(training.load(training.SmallCNN, str(path)), test_set)
    assert list(evaluation.run())[-1] == 10_000
    result = evaluation.result()
    assert trained.text("#test-accuracy") == f"{result['accuracy']:.2%}"
    cells = trained.page.locator("#confusion td").all_inner_texts()
    assert [int(cell or 0) for cell in cells] == [n for row in result["confusion"] for n in row]
    worst = result["mistakes"][0]
    first = trained.page.locator("#mistakes button").first
    assert first.get_attribute("title") == f"Test image {worst['index']}"


def test_a_mistake_can_be_looked_at(trained: Visit) -> None:
    mistake = trained.page.locator("#mistakes button").nth(3)
    label, predicted = mistake.inner_text().replace("read as", "").split()
    mistake.click()
    trained.wait_for("#seen-caption", f"a test image: a {label}. It reads a {predicted}.")
    assert trained.page.input_value("#test-index") == mistake.get_attribute("title").split()[-1]
    assert trained.text("#probabilities .best .digit") == predicted


def test_the_layer_is_shown(trained: Visit) -> None:
    for tiles in ("#filters", "#maps"):
        assert trained.page.locator(f"{tiles} canvas").count() == 16
    maps = trained.page.locator("#maps canvas").first.evaluate("canvas => [canvas.width, canvas.height]")
    assert maps == [24, 24]


def test_a_drawn_digit_gets_its_class(trained: Visit) -> None:
    read = {}
    for digit, strokes in DIGITS.items():
        draw(trained.page, strokes)
        trained.wait_for("#seen-caption", "your drawing")
        trained.stand_still()  # the last point's answer
        read[digit] = trained.text("#probabilities .best .digit")
    assert read == {digit: str(digit) for digit in DIGITS}
