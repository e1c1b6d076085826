"""Navigation without a new document: what is kept, what is reset, which links load a document."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hosting import DIST, Preview
from lessons import Lesson
from playgrounds import Playground
from playwright.sync_api import Dialog, Page, Route, Worker
from visits import Visit

SITE = DIST / "site"

# The head of the current page, and that of the file that a document load would return.
HEAD = """(page) => [page.title, page.documentElement.lang,
  ...[...page.querySelectorAll('meta[name=description]')].map(({ content }) => content),
  ...[...page.querySelectorAll('link[hreflang]')].map((link) => link.href.replace('index.html', ''))]"""
EXPECTED = f"""async () => ({HEAD})(
  new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html'))"""
PLACE = "document.activeElement.localName"
SAME = "window.isSame === true"


def runners(page: Page) -> list[Worker]:
    """The workers for visitors' programs, without their nested workers."""
    return [worker for worker in page.workers if worker.url.startswith("data:") and "pyodide" in worker.url]


def arrive(visit: Visit, name: str, same: bool = True) -> None:
    """Wait for a page, compare it with a new document, and check whether it was loaded as one."""
    visit.page.wait_for_url(lambda url: url.partition("?")[0].endswith(name))
    visit.until(f"document.title === new DOMParser().parseFromString({title(name)!r}, 'text/html').title")
    assert visit.page.evaluate(f"({HEAD})(document)") == visit.page.evaluate(EXPECTED)
    assert visit.page.evaluate(SAME) == same
    visit.page.evaluate("window.isSame = true")


def title(name: str) -> str:
    name = name.partition("#")[0]
    file = SITE / (name if name.endswith(".html") else "index.html")
    (found,) = re.findall("<title>.*?</title>", file.read_text("utf-8"))
    return str(found)


def test_next_page_reuses_python(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-sum.html")
    page = visit.page
    visit.wait_for("#versions", "NumPy")
    (worker,) = runners(page)
    page.evaluate("window.isSame = true")
    page.evaluate("scrollTo(0, 500)")

    page.evaluate("document.querySelector('#next').click()")
    arrive(visit, "lesson-directions.html")
    assert (page.evaluate(PLACE), page.evaluate("scrollY")) == ("h1", 0)
    visit.wait_for("#versions", "NumPy", seconds=10)
    visit.stand_still()
    assert runners(page) == [worker]

    page.go_back()
    arrive(visit, "lesson-sum.html")
    visit.until("scrollY === 500")
    page.click("#language")
    page.go_forward()
    arrive(visit, "lesson-directions.ja.html")  # the entry was English
    page.click("#language")
    visit.wait_for("#versions", "NumPy", seconds=10)
    assert runners(page) == [worker]

    # The variables of a visitor's program end with its page.
    lesson = Lesson(page, "one")
    lesson.unfold()
    lesson.type("import numpy\nnumpy.left = 1\n" + lesson.code())
    visit.stand_still()
    page.click("nav >> text=Play")
    play = Playground(page)
    arrive(play, "play.html")
    look = "import numpy, os\nprint(hasattr(numpy, 'left'), os.path.exists('left.txt'))"
    assert play.run(look) == "False False"
    assert worker not in page.workers
    assert play.run("import numpy\nnumpy.left = 1\nopen('left.txt', 'w').close()") == ""
    play.wait_for_spare()
    assert len(runners(page)) == 2
    page.click("nav >> text=Lessons")
    arrive(visit, "learn.html")
    (spare,) = runners(page)
    page.click("nav >> text=Play")
    arrive(play, "play.html")
    assert "[1 line" not in play.text("#output")
    assert play.run(look) == "False False"
    assert runners(page)[0] == spare


@pytest.mark.full
def test_late_error_of_a_left_page_is_ignored(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}learn.html")
    page = visit.page
    held: list[Route] = []
    page.context.route(re.compile("/pyodide/installed"), lambda route: held.append(route))
    with page.expect_request(re.compile("/pyodide/installed")):
        page.click("#begin")
    arrive(visit, "lesson-kernel.html", same=False)
    page.click("nav >> text=Lessons")
    arrive(visit, "learn.html")
    (worker,) = runners(page)

    visit.expected += ["ERR_FAILED"]
    with worker.expect_event("close"):
        for route in held:
            route.abort()
    page.context.unroute_all()
    page.click("#begin")  # of the next lesson
    arrive(visit, "lesson-sum.html")
    visit.wait_for("#versions", "NumPy")


def test_links_that_need_a_document_load(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}learn.html", python=False)
    page = visit.page
    page.evaluate("window.isSame = true")
    with page.context.expect_page() as opened:
        page.click("nav >> text=Benchmark", modifiers=["Control"])
    opened.value.close()
    arrive(visit, "learn.html")
    page.evaluate("location.hash = 'lessons'")
    arrive(visit, "learn.html#lessons")
    page.go_back()

    page.evaluate("location.href = './lesson-sum.ja.html?sum.x=1_2#sum'")  # the visitor has English
    arrive(visit, "lesson-sum.html")
    assert page.evaluate("location.search + location.hash") == "?sum.x=1_2#sum"
    assert page.evaluate("document.activeElement.id") == "sum"

    page.evaluate("location.href = './learn-56.html#shifted'")  # which redirects
    arrive(visit, "lesson-pooling.html#shifted")

    visit.expected += ["ERR_FAILED"]
    page.route(re.compile(r"/assets/play-"), lambda route: route.abort())
    page.click("nav >> text=Play")
    page.wait_for_load_state()
    arrive(visit, "play.html", same=False)
    page.go_back()  # which loads a document
    arrive(visit, "lesson-pooling.html#shifted", same=False)

    page.click("nav >> text=Docs")
    page.wait_for_url(server.url + "docs/")
    assert not page.evaluate(SAME)


def test_back_after_a_reload(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}learn.html", python=False)
    page = visit.page
    page.click("#begin")
    arrive(visit, "lesson-kernel.html", same=False)
    page.reload()
    page.evaluate("window.isSame = true")
    page.go_back()
    arrive(visit, "learn.html")
    page.go_forward()
    arrive(visit, "lesson-kernel.html")


@pytest.mark.parametrize(
    ("then", "name"),
    [("forward", "lesson-kernel.html"), pytest.param("back", "bench.html", marks=pytest.mark.full)],
)
def test_late_page_does_not_replace_the_next(
    enter: Callable[..., Visit], server: Preview, then: str, name: str
) -> None:
    visit = enter(f"{server.url}bench.html", python=False)
    page = visit.page
    page.click("nav >> text=Lessons")
    arrive(visit, "learn.html", same=False)
    page.click("#begin")
    arrive(visit, "lesson-kernel.html")
    page.reload()
    page.evaluate("window.isSame = true")
    held: list[Route] = []
    late = re.compile(r"/assets/learn-[\w-]+\.js")
    page.route(late, lambda route: held.append(route))
    with page.expect_request(late):
        page.evaluate("history.back()")
    page.evaluate(f"history.{then}()")
    page.wait_for_url(f"**/{name}")
    visit.stand_still()
    with page.expect_response(late):
        for route in held:
            route.continue_()
    visit.stand_still()
    arrive(visit, name)


def test_click_while_the_url_is_updated(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}learn.html", python=False)
    page = visit.page
    page.evaluate("window.isSame = true")
    page.evaluate("""() => {
      document.querySelector('#begin').click();
      history.replaceState(history.state, '', '?panels=text');
    }""")
    arrive(visit, "lesson-kernel.html")


@pytest.mark.full
def test_number_of_workers_does_not_grow(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter()
    page = visit.page
    visit.wait_for("#go", "Train")
    page.evaluate("window.isSame = true")
    trains = page.workers[0]
    counts = set()
    for _ in range(3):
        page.click("nav >> text=Lessons")
        arrive(visit, "learn.html")
        page.click("#begin")
        visit.wait_for("#versions", "NumPy")
        page.click("nav >> text=Your data")
        arrive(visit, "own.html")
        page.click("nav >> text=Train")
        visit.wait_for("#go", "Train")
        arrive(visit, "/")
        visit.settle()
        counts.add(len(page.workers))
    assert len(counts) == 1
    assert trains in page.workers
    (runs,) = runners(page)
    assert trains.evaluate("origin") == server.url.rstrip("/")
    assert runs.evaluate("origin") == "null"  # visitors' programs never run in the site's own workers


@pytest.mark.full
def test_training_page_state_is_restored(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}learn.html")
    page = visit.page
    page.evaluate("window.isSame = true")
    page.click("nav >> text=Train")
    visit.wait_for("#go", "Train")
    visit.choose(model="MLP", batchSize=16)
    page.click("#go")
    visit.until_seen(160)

    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate("history.back()")  # during training, Back asks, too
    visit.until_seen(visit.seen() + 160)
    assert asked == ["beforeunload"]
    page.click("#stop")
    visit.wait_for("#notice", "Training has stopped.")
    hint = visit.text("#model-hint")
    assert hint.startswith("MLP, trained on ")
    page.click('[data-key="name 0"]')
    visit.until("history.state?.stage !== undefined")
    place = visit.text(".head [aria-current]")

    page.click("nav >> text=Lessons")
    arrive(visit, "learn.html")
    page.go_back()
    arrive(visit, "/")
    visit.wait_for("#notice", "Ready, with the model from your last visit.")
    visit.unfold()
    assert visit.text("#model-hint") == hint
    visit.until(f"document.querySelector('.head [aria-current]')?.textContent === {place!r}")
    page.keyboard.press("Escape")
    visit.until(f"document.querySelector('.head [aria-current]')?.textContent !== {place!r}")
    assert page.evaluate(SAME)
