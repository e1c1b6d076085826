"""The lesson on pictures that fool a network; test_site_adversarial.py checks its numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from lessons import Lesson, heat, wait
from visits import Visit

pytestmark = pytest.mark.full


@pytest.fixture
def adversarial(page_of: Callable[[str], Visit]) -> Visit:
    return page_of("lesson-adversarial.html")


def slide(lesson: Lesson, name: str, value: float) -> None:
    lesson.place.locator(f"[name={name}]").fill(str(value))


def test_one_step(adversarial: Visit) -> None:
    lesson = Lesson(adversarial.page, "step")
    lesson.says("Answer first.")
    lesson.answer(8, "is what you see")
    lesson.says("ε = 0.1:")
    slide(lesson, "epsilon", 0)
    lesson.says("ε = 0:")
    wait(lambda: lesson.numbers()[1] == lesson.numbers()[3] == 8, lambda: f"{lesson.numbers()}", seconds=60)
    lesson.answer(3, "What did it read before?")
    lesson.answer(8, "it still reads an 8")
    slide(lesson, "epsilon", 0.15)
    lesson.says("ε = 0.15:")
    wait(
        lambda: lesson.numbers()[1] != 8 and lesson.numbers()[3] == 8,
        lambda: f"{lesson.numbers()}",
        seconds=60,
    )
    adversarial.until("location.search === '?step.epsilon=0.15'")
    picture, step, changed = (
        heat(lesson.place.locator(".pictures").first, name) for name in ("picture", "step", "changed")
    )
    np.testing.assert_allclose(np.clip(picture + 0.3 * step, 0, 1), changed, atol=0.01)
    longest = (
        lesson.place.locator(".table > figure svg")
        .first.locator("rect")
        .evaluate_all("bars => bars.map((bar) => Number(bar.getAttribute('width')))")
    )
    read = int(np.argmax(longest))
    assert read == lesson.numbers()[1]
    lesson.answer(read, "Right.")
    lesson.answer(next(digit for digit in range(10) if digit not in (8, read)), "into another digit")
    lesson.pick("Digit", "1")
    lesson.says("of the same size a 1,")  # noise does not keep it from reading the 1
    lesson.start_over()


def test_many_small_steps(adversarial: Visit) -> None:
    lesson = Lesson(adversarial.page, "sum")
    for n, aimed in ((784, "78.4"), (1000, "100"), (1, "0.1")):
        slide(lesson, "n", n)
        lesson.says(f"changes by {aimed} where")
        assert abs(lesson.numbers()[3]) < 0.4 * n**0.5
    for given, reply in (("2.8", "what random signs do"), ("0.1", "one pixel"), ("78.4", "Right.")):
        lesson.answer(given, reply)
    lesson.start_over()


def test_target_class(adversarial: Visit) -> None:
    lesson = Lesson(adversarial.page, "target")
    lesson.says("Step 2: it reads an 8")
    slide(lesson, "taken", 10)
    lesson.says("Step 10: it reads a 3")
    lesson.pick("Target digit", "0")
    lesson.says("Step 10: it reads a 0")
    assert lesson.numbers()[3] == 0.15
    for line, reply in (
        ("x = x + 0.1 * np.sign(g)", "raises the loss for the target digit"),
        ("x = x - 0.1 * g", "only the sign counts"),
        ("x = x - 0.1 * np.sign(g)", "That computes what was asked for."),
    ):
        lesson.answer(line, reply)
    lesson.start_over()


def test_adversarial_training(adversarial: Visit) -> None:
    lesson = Lesson(adversarial.page, "defence")
    lesson.says("Attacked with a step of 0.15")
    clean, defended, epsilon, attacked, held = lesson.numbers()
    assert min(clean, defended) > 90
    assert epsilon == 0.15
    assert held > attacked + 30
    lesson.place.locator("[name=epsilon]").fill("0.05")
    lesson.says("Attacked with a step of 0.05")
    wait(
        lambda: lesson.numbers()[1] != defended or lesson.numbers()[4] != held,
        lambda: "it is not trained anew",
    )
    lesson.start_over()
