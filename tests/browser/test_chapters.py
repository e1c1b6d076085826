"""The chapters' pages: text at once, Python when a figure is near, and what happens when Python fails."""

from __future__ import annotations

from collections.abc import Callable

from hosting import Server
from lessons import Lesson, entered, wait
from visits import Visit

SIZE = "#axis-OH strong"


def test_a_figure_is_computed_once_it_is_near(enter: Callable[..., Visit], server: Server) -> None:
    visit = entered(enter, server, "learn-55.html")
    Lesson(visit.page, "network").says("8 layers")
    visit.page.wait_for_timeout(500)
    assert visit.text(SIZE) == "–"  # it is far down
    visit.page.locator("#outsize").scroll_into_view_if_needed()
    visit.wait_for(SIZE, "3")
    visit.page.context.close()


def test_without_python_there_is_the_text_and_a_way_on(
    enter: Callable[..., Visit], own_server: Server
) -> None:
    own_server.missing.add("pyodide-lock.json")
    visit = enter(own_server.url + "learn-56.html")
    visit.expected += ["404"]
    visit.wait_for("#fault-title", "pyodide-lock.json could not be fetched")
    assert "one block" in visit.text("#channels .prose")
    visit.page.locator("#shifted").scroll_into_view_if_needed()
    visit.page.wait_for_timeout(500)
    own_server.missing.clear()
    visit.page.click("#retry")
    Lesson(visit.page, "channels").says("y[0, 0, 0] = 6 + 1 + 6 = 13")
    Lesson(visit.page, "shifted").says("have 29 %")
    assert not visit.page.is_visible("#fault")
    visit.page.context.close()


def test_a_program_without_end_is_stopped_alone(enter: Callable[..., Visit], server: Server) -> None:
    visit = entered(enter, server, "learn-57.html")
    endless, other = Lesson(visit.page, "unfold"), Lesson(visit.page, "add-back")
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
    endless.start_over()
    endless.says("col[1]: what the kernel covers")
    visit.page.context.close()
