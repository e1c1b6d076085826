"""The served site, the browsers, and the pages.

A page takes seconds to start its Python. Tests that only look, or that can be undone, share a page: `visit`,
`trained`, `play` or `page_of`. A test of a page's start, or one that changes it for good, opens its own by
`enter`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from time import perf_counter
from typing import Any, NamedTuple

import pytest
from hosting import Server, serving
from playgrounds import Playground
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from visits import TrainingPage, Visit

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 720}  # Playwright's own


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server for one test, to be changed at will."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


def launched(playwright: Playwright, *flags: str) -> Browser:
    # Without the flags Chromium calls its maker; root has no sandbox.
    quiet = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    if os.geteuid() == 0:
        quiet.append("--no-sandbox")
    path = os.environ.get("PYCONVLITE_CHROMIUM", "/usr/bin/chromium")
    return playwright.chromium.launch(executable_path=path, args=[*quiet, *flags])


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with launched(playwright) as browser:
        yield browser


@pytest.fixture(scope="session")
def gpu_browser(playwright: Playwright) -> Iterator[Browser]:
    """With WebGPU, which computes on the CPU where there is no GPU."""
    with launched(playwright, "--enable-unsafe-webgpu") as browser:
        yield browser


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Have a figure that was measured stand at the end of the run."""
    return lambda figure: request.node.user_properties.append(("figure", figure))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, figure in report.user_properties:
            if name == "figure" and report.when == "call":
                terminalreporter.write_line(str(figure))


@contextmanager
def blank_page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page of the host with nothing on it."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/pyodide/pyodide-lock.json")
        yield page


@pytest.fixture(scope="session")
def visits() -> list[Visit]:
    """All pages that are open."""
    return []


def entering(browser: Browser, server: Server, visits: list[Visit]) -> Iterator[Callable[..., Any]]:
    """Open pages, to be closed at the end: `enter(url, kind, **options of the browser's context)`.

    No service worker keeps the site in the background, unless the options say `service_workers="allow"`.
    """
    opened: list[Visit] = []

    def enter(url: str = server.url, kind: type[Visit] = Visit, **options: Any) -> Visit:
        context = browser.new_context(**{"service_workers": "block"} | options)
        visit = kind(context.new_page())
        visits.append(visit)
        opened.append(visit)
        visit.page.goto(url)
        return visit

    yield enter
    for visit in opened:
        visit.page.context.close()
        visits.remove(visit)
    for visit in opened:
        visit.check()


enter = pytest.fixture(entering)
enter_for_module = pytest.fixture(entering, scope="module")
enter_for_session = pytest.fixture(entering, scope="session")


@pytest.fixture(autouse=True)
def no_faults(visits: list[Visit]) -> Iterator[None]:
    """No test passes with a fault on an open page that it does not expect; the next test expects none."""
    yield
    faults = [fault for visit in visits for fault in visit.unexpected()]
    for visit in visits:
        visit.expected.clear()
    assert not faults, faults


@pytest.fixture(scope="session")
def page_of(enter_for_session: Callable[..., Visit], server: Server) -> Callable[..., Visit]:
    """`page_of("learn.html")`: the page with its Python, one for the session and each use.

    It is loaded in a phone's window; `visit.moved` holds its layout shift there. Then its window is a desk's.
    """

    @cache
    def page_of(name: str, use: str = "figures") -> Visit:
        kind = Playground if name == "play.html" else Visit
        visit = enter_for_session(server.url + name, kind, viewport=PHONE)
        visit.settle()
        visit.moved = visit.layout_shift()
        visit.page.set_viewport_size(DESK)
        return visit

    return page_of


@pytest.fixture(scope="session")
def idle_pages() -> list[TrainingPage]:
    """Training pages that are as they were at first."""
    return []


@pytest.fixture
def visit(
    enter_for_session: Callable[..., TrainingPage], idle_pages: list[TrainingPage]
) -> Iterator[TrainingPage]:
    """The training page, ready to train; whatever a test does there is undone after it."""
    visit = idle_pages.pop() if idle_pages else enter_for_session(kind=TrainingPage)
    visit.begin()
    yield visit
    visit.start_over()  # where that fails, the next test has a new page
    idle_pages.append(visit)


class ColdStart(NamedTuple):
    """A page that went from nothing to a trained network."""

    visit: Visit
    ready: float  # seconds until it could train
    seconds: float  # until it was tested
    accuracy: float  # in percent


@pytest.fixture(scope="session")
def cold_start(enter_for_session: Callable[..., Visit]) -> ColdStart:
    start = perf_counter()
    visit = enter_for_session()
    visit.wait_for("#go", "Train")
    ready = perf_counter() - start
    assert visit.text("#model-hint") == "Small CNN with random weights."
    assert visit.text("#kernels") == "Computing with WebAssembly SIMD kernels (relaxed)."
    visit.wait_for("#reading-count", "right")
    assert int(visit.text("#reading-count").split()[0]) < 15  # of 30: it knows nothing yet
    start = perf_counter()
    visit.choose(images=20_000)  # enough for 97 %
    visit.page.click("#go")
    visit.wait_for("#notice", "Test accuracy", seconds=300)
    seconds = ready + perf_counter() - start
    return ColdStart(visit, ready, seconds, float(visit.text("#test-accuracy").rstrip("%")))


@pytest.fixture(scope="session")
def trained(cold_start: ColdStart) -> Visit:
    """A page on which the defaults have been trained and tested."""
    visit = cold_start.visit
    visit.choose(images=60_000)
    visit.page.click("#go")
    visit.wait_for("#notice", "Training has started.")
    visit.wait_for("#notice", "Test accuracy", seconds=300)
    return visit


@pytest.fixture
def play(page_of: Callable[..., Playground]) -> Iterator[Playground]:
    """The playground, for programs that need no fresh Python; what a failed test left running is stopped."""
    play = page_of("play.html")
    yield play
    if play.page.get_attribute("#stop", "aria-disabled") == "false":
        play.stop()


@pytest.fixture
def enter_play(enter: Callable[..., Playground], server: Server) -> Callable[..., Playground]:
    """Open a playground of one's own: `enter_play(fragment, **options of the browser's context)`."""
    return lambda fragment="", **options: enter(f"{server.url}play.html{fragment}", Playground, **options)
