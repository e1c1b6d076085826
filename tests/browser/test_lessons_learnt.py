"""The lesson on what a network has learnt; tests/test_site_learnt.py tests its Python."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hosting import Preview
from lessons import Lesson, wait
from visits import Visit

pytestmark = pytest.mark.full


@pytest.fixture
def learnt(page_of: Callable[[str], Visit]) -> Visit:
    return page_of("lesson-learnt.html")


def test_prerendered_figures_equal_computed_ones(
    learnt: Visit, enter: Callable[..., Visit], server: Preview
) -> None:
    """The build has trained the network on another machine, with other kernels."""
    first = enter(f"{server.url}lesson-learnt.html", python=False)
    for name in ("cam", "occlusion"):
        lesson = Lesson(learnt.page, name)
        lesson.pick("Class", "4")
        wait(
            lambda at=lesson: "4" in re.findall(r"(?:for|gives) (\d)", at.place.inner_text()),
            lambda: "the class stays",
            seconds=60,  # it is trained first
        )
        lesson.pick("Class", "5")
        lesson.says(first.text(f"#{name} .sentence").splitlines()[0])


def test_favourite_images_of_a_kernel(learnt: Visit) -> None:
    lesson = Lesson(learnt.page, "maximal")
    for steps, least, most in ((0, 0, 40), (160, 85, 100)):
        lesson.set(steps=steps)
        wait(
            lambda s=steps, a=least, b=most: lesson.numbers()[0] == s and a <= lesson.numbers()[1] <= b,
            lambda: f"{lesson.numbers()}",
            seconds=60,  # it is trained first
        )
    frames = lesson.place.locator(".shots .frame")
    for layer, field, channels in ((1, 3, 8), (2, 8, 32)):
        lesson.pick("Layer", f"Layer {layer}")
        tiles = lesson.place.locator(".tiles button")
        wait(lambda c=channels, t=tiles: t.count() == c, lambda: "the layer stays")
        tiles.nth(7).click()  # in both layers it responds: the frames are of kernels that do
        lesson.place.get_by_text(f"excite kernel 7 of layer {layer} most").wait_for()
        lesson.says("excite kernel 7 most show")
        assert {frame.get_attribute("width") for frame in frames.all()} == {str(field)}
    for given, reply in (("5", "without pooling"), ("7", "one pixel more"), ("8", "4 + 2 · 2")):
        lesson.answer(given, reply)
    lesson.start_over()


def test_activation_maximization(learnt: Visit) -> None:
    lesson = Lesson(learnt.page, "ascent")
    lesson.pick("What should respond", "The classes")
    lesson.pick("Class", "7")
    lesson.says("Pixels from")
    assert "response" not in lesson.place.locator(".sentence").inner_text()  # the answer to the question
    lesson.choose_any()
    lesson.replies("only raise the response")
    lesson.says("Step 30: the response of class 7 is")
    plain, tamed, *reach = lesson.numbers()[2:]
    assert plain > tamed > 0
    assert reach[1] - reach[0] > reach[3] - reach[2]
    slider = lesson.place.locator("[name=frame]")
    slider.fill("0")
    lesson.says("Step 0:")
    assert lesson.numbers()[2] == lesson.numbers()[3] < tamed
    lesson.place.get_by_role("button", name="Step", exact=True).click()
    lesson.says("Step 2:")
    slider.fill("15")
    lesson.pick("What should respond", "Layer 1")
    lesson.says("the response of kernel 7 of layer 1 is")
    lesson.set(blur=1)
    lesson.start_over()


def test_evidence_depends_on_the_class(learnt: Visit) -> None:
    lesson = Lesson(learnt.page, "cam")
    for digit in (5, 4):
        lesson.pick("Class", str(digit))
        lesson.says(f"of the evidence for {digit} ")
        upper, _, first, lower, second = lesson.numbers()
        assert (first, second, upper + lower) == (5, 4, 100)
        assert (upper if digit == first else lower) > 60
    learnt.until("location.search.includes('cam.digit=4')")
    for line, reply in (
        ("cam = np.maximum(np.sum(maps, axis=0), 0)", "as its weight says"),
        ("cam = np.sum(weights * maps, axis=0)", "keep the positive part"),
        ("cam = np.maximum((weights * maps).sum(axis=0), 0)", "That computes what was asked for."),
    ):
        lesson.answer(line, reply)
    # the code before the program runs once
    for count in (10, 11):
        lesson.type(f"memory.append({{}})\nprint(len(memory))\n{PICTURE}# {count}")
        lesson.place.locator(".printed").filter(has_text=str(count)).wait_for()
    lesson.start_over()


PICTURE = """picture = heat = canvas()
probabilities = np.zeros(10)
of = np.array([160, 5, 4, 4])
"""


def test_occlusion(learnt: Visit) -> None:
    lesson = Lesson(learnt.page, "occlusion")
    lesson.says("The network gives 5 a probability")
    _, whole, on_five, _ = lesson.numbers()
    lesson.place.locator(".shot").first.hover(position={"x": 3, "y": 3})
    wait(lambda: lesson.place.locator("[name=top]").input_value() == "0", lambda: "the patch stays")
    lesson.set(top=9, left=10)  # on the 4
    wait(lambda: lesson.numbers()[2] > whole, lambda: f"{lesson.numbers()}")
    assert on_five < whole
    assert 0.3 < lesson.numbers()[3] < 1
    lesson.place.locator(".options button").nth(2).click()
    lesson.replies("Softmax shares out 100%")
    lesson.start_over()
