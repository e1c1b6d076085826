"""The chapters' pages: text at once, Python when a figure is near, and what happens when Python fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import perf_counter

import pytest
from hosting import Preview, Server
from lessons import Lesson, wait
from visits import Visit

SIZE = "#axis-OH strong"


def test_a_figure_is_computed_once_it_is_near(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(server.url + "learn-55.html")
    visit.wait_for("#versions", "Running Pyodide")
    Lesson(visit.page, "network").says("8 layers")
    visit.settle()
    assert visit.text(SIZE) == "–"  # it is far down
    visit.page.locator("#outsize").scroll_into_view_if_needed()
    visit.wait_for(SIZE, "3")


def test_a_figure_goes_on_in_the_playground(page_of: Callable[[str], Visit]) -> None:
    visit = page_of("learn-57.html")
    lesson = Lesson(visit.page, "add-back")
    lesson.start_over()
    lesson.set(stride=2)
    lesson.put("x", 5, "-7.5")
    lesson.type("# mine\n" + lesson.code())
    with visit.page.context.expect_page() as opened:
        lesson.place.get_by_role("button", name="Open in the playground").click()
    play = Visit(opened.value)
    play.wait_for("#came-text", "Read it, then run it")
    play.wait_for("#versions", "Running Pyodide", seconds=120)
    play.page.click("#go")
    play.wait_for("#output", "times =", seconds=60)
    printed = play.text("#output").replace("\n", " ")
    assert "back = variable([[[[ 1. 2. 3. 4. ] [ 5. -7.5 7. 8. ]" in re.sub(r"\s+", " ", printed)
    play.page.close()
    play.check()
    lesson.start_over()


def test_without_python_there_is_the_text_and_a_way_on(
    enter: Callable[..., Visit], own_server: Server
) -> None:
    own_server.missing.add("pyodide-lock.json")
    visit = enter(own_server.url + "learn-56.html")
    visit.expected += ["404"]
    visit.wait_for("#fault-title", "pyodide-lock.json could not be fetched")
    assert "one block" in visit.text("#channels .prose")
    visit.page.locator("#shifted").scroll_into_view_if_needed()
    visit.stand_still()
    own_server.missing.clear()
    visit.page.click("#retry")
    Lesson(visit.page, "channels").says("y[0, 0, 0] = 6 + 1 + 6 = 13")
    Lesson(visit.page, "shifted").says("have 29 %")
    assert not visit.page.is_visible("#fault")


@pytest.mark.full  # ten seconds of a loop that computes
def test_a_program_without_end_is_stopped_alone(page_of: Callable[[str], Visit]) -> None:
    visit = page_of("learn-57.html")
    endless, other = Lesson(visit.page, "unfold"), Lesson(visit.page, "add-back")
    for lesson in (endless, other):
        lesson.start_over()
    other.cells("back").nth(5).focus()
    other.says("back[0, 0, 1, 1] = ")
    endless.type("while True:\n    pass")
    endless.place.locator(".said").filter(has_text="Python is computing").wait_for()
    other.put("x", 5, "7")  # waits for its turn
    endless.place.locator(".said").filter(has_text="the program was stopped after 10 seconds").wait_for()
    visit.page.click("#language")
    assert "10 秒たっても終わらないので" in endless.place.locator(".said").inner_text()
    visit.page.click("#language")
    wait(
        lambda: "= 7 + 7 + 7 + 7 = 28" in other.place.locator(".sentence").inner_text(),
        lambda: other.place.inner_text(),
        seconds=90,
    )
    assert other.place.locator(".said").inner_text() == ""
    for lesson in (endless, other):
        lesson.start_over()
    computed(endless)


def test_a_program_without_end_is_stopped_by_hand(page_of: Callable[[str], Visit]) -> None:
    visit = page_of("learn-57.html")
    endless = Lesson(visit.page, "unfold")
    endless.type("while True: pass")
    visit.wait_for("#versions", "Running Pyodide")
    began = perf_counter()
    endless.place.get_by_role("button", name="Stop").click()
    endless.place.get_by_text("the program was stopped", exact=True).wait_for()
    assert perf_counter() - began < 3  # of which the button takes one to appear
    endless.start_over()
    computed(endless)


def computed(lesson: Lesson) -> None:
    """Wait until the figure of im2col is as it was at first."""
    wait(lambda: lesson.place.locator(".said").inner_text() == "", lambda: "it is not computed")
    wait(lambda: lesson.shown("col") is not None, lambda: "col is not computed")
    lesson.cells("col").nth(8).focus()
    lesson.says("col[1]: what the kernel covers")
