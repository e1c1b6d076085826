"""The first visit: text at once, even without Python, and no unneeded files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hosting import CASES, DIST, Preview, Server
from playgrounds import Playground
from visits import PAINTED, Visit

sys.path.insert(0, str(Path(__file__).parents[2]))
from tools import site_size

SITE = DIST / "site"

CORE = "pyodide.asm.wasm"

# Remaining bytes, from the playground's progress bar; null before the first.
LEFT = "(({ value, max }) => (value ? max - value : null))(document.getElementById('progress'))"

# Shortens a page's timeouts of a minute, until `isPatient` is set.
IMPATIENT = """{
  const later = setTimeout;
  window.setTimeout = (run, ms, ...rest) =>
    later(run, ms === 60_000 && !window.isPatient ? 4_000 : ms, ...rest);
}"""


@pytest.mark.parametrize("page", CASES)
def test_text_before_python_is_loaded(enter: Callable[..., Visit], server: Preview, page: str) -> None:
    visit = enter(server.url + page, python=False, locale="en-US")
    visit.until(f"({PAINTED})() !== null", seconds=20)
    assert visit.page.locator("h1").inner_text().strip()
    words = visit.page.locator("main").inner_text().split()
    assert len(words) > 30
    visit.page.click("#language")  # Python answers, too
    assert visit.page.evaluate("document.documentElement.lang") == "ja"
    scripts = {SITE / path[1:] for path in visit.asked if path.endswith((".js", ".css"))}
    assert sum(map(site_size.sent, scripts)) < site_size.BUDGET


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (None, "net::ERR_FAILED"),
        ("syntax of tomorrow", "Unexpected token 'of'"),
        ("[].unknown()", "unknown is not a function"),
    ],
    ids=["missing", "syntax", "builtin"],
)
def test_scripts_that_do_not_start_are_told(
    body: str | None, error: str, enter: Callable[..., Visit], server: Preview
) -> None:
    visit = enter("about:blank", python=False)
    visit.expected.append(error)
    visit.page.route(
        "**/assets/*.js",
        lambda route: (
            route.abort() if body is None else route.fulfill(body=body, content_type="text/javascript")
        ),
    )
    visit.page.goto(server.url)
    visit.wait_for(".lacks", "The scripts of this page did not start.")
    visit.page.unroute_all()
    visit.page.reload()
    visit.stand_still()
    visit.page.evaluate(
        "for (const sheet of document.styleSheets) sheet.disabled = true"
    )  # as in a reader's view
    assert visit.page.locator(".lacks").is_hidden()


def test_fetched_files_are_in_the_build_report(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-sum.html")
    visit.settle()
    counted = site_size.loaded_by(SITE, "lesson-sum.html") | site_size.python_files(SITE)
    names = {f"/{path.relative_to(SITE)}" for path in counted}
    assert set(visit.asked) - names == set()
    # The count has files that only some visitors or pages need, too: fonts for letters that the page lacks,
    # the frame in which the training page starts its worker, the editor, which comes with unfolded code, what
    # the playground's examples share with it, the list of the other pages, and the dialog with the page's
    # link, which can be copied.
    unused = {path for path in names - set(visit.asked) if not path.endswith((".woff2", ".svg", ".webp"))}
    later = {f"/assets/{name}" for name in ("own", "editor", "dist", "rolldown", "share", "clipboard")}
    later |= {"/assets/allPages", "/assets/Sharing"}
    assert {path.split("-")[0] for path in unused} <= later


def test_progress_of_loading_python(enter: Callable[..., Playground], own_server: Server) -> None:
    """Also while another page fetches the same files slowly."""
    own_server.sent[CORE] = 0.3
    visit = enter(own_server.url, Playground)
    size = (SITE / "pyodide" / CORE).stat().st_size
    visit.stand_still()
    visit.page.click("nav >> text=Play")  # in place
    visit.page.locator("#editor").wait_for()
    visit.until(f"{LEFT} !== null && {LEFT} < {0.75 * size}", seconds=20)
    own_server.sent[CORE] = 0.7
    visit.until(f"{LEFT} < {0.35 * size}", seconds=20)
    own_server.sent[CORE] = 1
    visit.ready()


@pytest.mark.full
def test_stalled_download_of_python_is_restarted(
    enter: Callable[..., Playground], own_server: Server
) -> None:
    own_server.sent[CORE] = 0.5
    visit = enter("about:blank", Playground)
    visit.expected += ["wasm instantiation failed", "nothing has arrived"]  # Pyodide's message
    visit.page.add_init_script(IMPATIENT)
    visit.page.goto(f"{own_server.url}play.html")
    visit.wait_for("#fault-title", "nothing has arrived for 60 seconds")
    own_server.sent = {}  # downloads that have started keep the former policy
    visit.page.evaluate("window.isPatient = true")
    visit.page.click("#retry")
    visit.ready()
    assert visit.run("1 + 1") == "2"
