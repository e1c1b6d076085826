"""The main task: from a fresh page to a network that reads digits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
from hosting import DIST
from strokes import DIGITS, draw
from visits import Visit

from pyconvlite.datasets import MNIST
from tab import training


@pytest.fixture(scope="module")
def test_set() -> MNIST:
    images, labels = ((DIST / "site/mnist" / f"t10k-{name}.gz").read_bytes() for name in ("images", "labels"))
    return MNIST(train=False, transform=training.scaled, source=(images, labels))


def test_97_percent_after_a_third_of_the_images(trained: Visit) -> None:
    assert percent(trained) >= 97
    assert trained.seen() == 20_000
    assert trained.text("#model-hint") == "Small CNN, trained on 20,000 images."


def test_images_are_recognized_during_training(trained: Visit) -> None:
    """Also at full speed."""
    assert trained.midway >= 25


@pytest.mark.full
def test_time_of_training_mnist(enter: Callable[..., Visit], tell: Callable[[str], None]) -> None:
    """Reported without a limit, since it depends on the machine."""
    start = perf_counter()
    visit = enter()
    visit.wait_for("#go", "Train")
    ready = perf_counter() - start
    visit.choose(images=20_000)
    visit.page.click("#go")
    visit.wait_for("#notice", "Test accuracy", seconds=300)
    seconds, early = perf_counter() - start, percent(visit)
    assert early >= 97
    visit.choose(images=60_000)  # the default
    visit.page.click("#go")
    visit.wait_for("#notice", "Training has started.")
    visit.wait_for("#notice", "Test accuracy", seconds=300)
    assert percent(visit) >= 97
    epoch = 60_000 / int(visit.text("#r-rate").replace(",", ""))
    tell(
        f"MNIST in the tab: from a cold page to {early}% of the test images {seconds:.1f} s, of which "
        f"{ready:.1f} s until it can train; an epoch over 60,000 images {epoch:.1f} s, "
        f"after which {percent(visit)}%"
    )


def percent(visit: Visit) -> float:
    """The accuracy on the test images."""
    return float(visit.text("#test-accuracy").rstrip("%"))


def test_shown_accuracy_is_that_of_the_weights(trained: Visit, test_set: MNIST, tmp_path: Path) -> None:
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


def an(digit: str) -> str:
    return "an 8" if digit == "8" else f"a {digit}"


def test_mistake_is_shown(trained: Visit) -> None:
    mistake = trained.page.locator("#mistakes button").nth(3)
    label, predicted = mistake.inner_text().replace("read as", "").split()
    mistake.click()
    trained.wait_for("#seen-caption", f"a test image: {an(label)}. It reads {an(predicted)}.")
    assert trained.page.input_value("#test-index") == mistake.get_attribute("title").split()[-1]


@pytest.mark.parametrize("digits", [[1, 4, 8], pytest.param(list(DIGITS), marks=pytest.mark.full)])
def test_drawn_digit_is_recognized(trained: Visit, digits: list[int]) -> None:
    read = {}
    for digit in digits:
        draw(trained.page, DIGITS[digit])
        trained.wait_for("#seen-caption", f"like MNIST’s digits. It reads {an(str(digit))}.")
        trained.stand_still()  # on a busy machine the result for the last point may follow
        read[digit] = trained.text("#seen-caption").split()[-1].rstrip(".")
    assert read == {digit: str(digit) for digit in digits}


# For a second each frame seems to take many seconds.
HELD = """() => new Promise((done) => {
  const now = performance.now.bind(performance);
  let gone = 0;
  performance.now = () => now() + gone;
  const timer = setInterval(() => { gone += 2_000; }, 10);
  setTimeout(() => { clearInterval(timer); done(); }, 1_000);
})"""


@pytest.mark.full
def test_page_recovers_after_being_throttled(visit: Visit) -> None:
    visit.page.click("#go")
    visit.until_seen(500)
    visit.page.evaluate(HELD)
    visit.page.click("#clear")
    visit.wait_for("#seen-caption", "Nothing drawn yet.", seconds=4)
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")
