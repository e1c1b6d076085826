"""The served site, the browsers, and the pages.

A page takes seconds to start its Python. Tests that only look, or that can be undone, share a page: `visit`,
`trained`, `play` or `page_of`. A test of a page's start, or one that changes it for good, opens its own by
`enter`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import pytest
from hosting import Preview, Server, previewing, serving
from playgrounds import Playground
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from visits import TrainingPage, Visit

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 720}  # Playwright's own


@pytest.fixture(scope="session")
def server() -> Iterator[Preview]:
    """The site as `./build.sh serve` serves it."""
    with previewing() as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A host for one test, below a path, to be changed at will."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


# In place of Playwright's own list, whose other entries are not needed here.
DISABLED = [
    "AimEnabled",  # these five contact Chromium's vendor
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PreconnectToSearch",
    "PaintHolding",  # a click before the first paint would be lost
    "WebUIOmniboxPopup",  # the browser's own pages, one per window, which cost more than a small page
    "WebUIOmniboxAimPopup",
]


def launched(playwright: Playwright, *flags: str) -> Browser:
    quiet = [f"--disable-features={','.join(DISABLED)}"]
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
    """A browser with WebGPU, which computes on the CPU where there is no GPU."""
    with launched(playwright, "--enable-unsafe-webgpu") as browser:
        yield browser


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a measurement at the end of the run."""
    return lambda figure: request.node.user_properties.append(("figure", figure))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, figure in report.user_properties:
            if name == "figure" and report.when == "call":
                terminalreporter.write_line(str(figure))


@contextmanager
def blank_page(browser: Browser) -> Iterator[Page]:
    """An empty page of a host that serves dist/."""
    with serving() as server, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/pyodide/pyodide-lock.json")
        yield page


@pytest.fixture(scope="session")
def visits() -> list[Visit]:
    """All pages that are open."""
    return []


def entering(browser: Browser, server: Preview, visits: list[Visit]) -> Iterator[Callable[..., Any]]:
    """Open pages, to be closed at the end: `enter(url, kind, **options of the browser's context)`.

    No service worker keeps the site in the background, unless the options say `service_workers="allow"`.
    With `python=False` no file of Python's ever arrives: for tests that need none.
    """
    opened: list[Visit] = []

    def enter(url: str = server.url, kind: type[Visit] = Visit, python: bool = True, **options: Any) -> Visit:
        context = browser.new_context(**{"service_workers": "block"} | options)
        if not python:
            context.route(re.compile("/(pyodide|mnist|weights)/"), lambda route: None)
        visit = kind(context.new_page())
        visits.append(visit)
        opened.append(visit)
        if options.get("locale", "").startswith("ja"):
            visit.page.goto(url, wait_until="commit")  # which redirects
            visit.page.locator("html[lang=ja]").wait_for(state="attached")
            visit.page.wait_for_load_state()
        else:
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests last that leave a shared page changed."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(autouse=True)
def no_faults(visits: list[Visit]) -> Iterator[None]:
    """Fail a test with an unexpected fault on an open page, then clear the expected faults."""
    yield
    faults = [fault for visit in visits for fault in visit.unexpected()]
    for visit in visits:
        visit.expected.clear()
    assert not faults, faults


@pytest.fixture(scope="session")
def page_of(enter_for_session: Callable[..., Visit], server: Preview) -> Callable[..., Visit]:
    """`page_of("lesson-sum.html")`: the page with its Python, one for the session.

    It is loaded in a phone's window; `visit.moved` holds its layout shift there. Then its window is a desk's.
    """

    @cache
    def page_of(name: str) -> Visit:
        kind = Playground if name == "play.html" else Visit
        visit = enter_for_session(server.url + name, kind, viewport=PHONE)
        visit.settle()
        visit.moved = visit.layout_shift()
        visit.page.set_viewport_size(DESK)
        return visit

    return page_of


@pytest.fixture(scope="session")
def idle_pages() -> list[TrainingPage]:
    """Training pages in their initial state."""
    return []


@pytest.fixture
def visit(
    enter_for_session: Callable[..., TrainingPage], idle_pages: list[TrainingPage]
) -> Iterator[TrainingPage]:
    """The training page, ready to train; a test's changes are undone after it."""
    visit = idle_pages.pop() if idle_pages else enter_for_session(kind=TrainingPage)
    visit.begin()
    yield visit
    visit.start_over()  # where that fails, the next test has a new page
    idle_pages.append(visit)


@pytest.fixture(scope="session")
def trained(enter_for_session: Callable[..., Visit]) -> Visit:
    """A page whose model has been trained on 20,000 images, by the defaults otherwise, and tested.

    `trained.midway` is how many of the 30 images on the page it had read right after 10,000 of them.
    """
    visit = enter_for_session(viewport={"width": 1440, "height": 900})
    visit.wait_for("#go", "Train")
    visit.unfold()
    assert visit.text("#model-hint") == "Small CNN with random weights."
    assert visit.text("#kernels").startswith("Computing with WebAssembly SIMD kernels (relaxed)")
    visit.wait_for("#reading-count", "right")
    assert int(visit.text("#reading-count").split()[0]) < 15  # of 30: the network is untrained
    visit.choose(images=20_000)
    visit.page.click("#go")
    visit.until_seen(10_000)
    visit.midway = int(visit.text("#reading-count").split()[0])
    visit.wait_for("#notice", "Test accuracy", seconds=300)
    visit.choose(images=60_000)
    return visit


@pytest.fixture
def play(page_of: Callable[..., Playground]) -> Iterator[Playground]:
    """The playground, for programs that need no fresh Python; what a failed test left running is stopped."""
    play = page_of("play.html")
    yield play
    if play.page.get_attribute("#stop", "aria-disabled") == "false":
        play.stop()


@pytest.fixture
def own(enter: Callable[..., Visit], server: Preview) -> Visit:
    """The page of the visitor's data without Python, which pictures do not need."""
    return enter(f"{server.url}own.html", python=False)


@pytest.fixture
def enter_play(enter: Callable[..., Playground], server: Preview) -> Callable[..., Playground]:
    """Open a playground that is not shared: `enter_play(fragment, **options of the browser's context)`."""
    return lambda fragment="", **options: enter(f"{server.url}play.html{fragment}", Playground, **options)


@pytest.fixture
def enter_editor(enter_play: Callable[..., Playground]) -> Callable[..., Playground]:
    """The same, but its Python never arrives."""
    return partial(enter_play, python=False)
