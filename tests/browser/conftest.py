"""The served site, and a watched page of it for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hosting import Server, serving
from playgrounds import Playground
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from visits import Visit


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


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Have a figure that was measured stand at the end of the run."""
    return lambda figure: request.node.user_properties.append(("figure", figure))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, figure in report.user_properties:
            if name == "figure" and report.when == "call":
                terminalreporter.write_line(str(figure))


@pytest.fixture
def blank(browser: Browser, server: Server) -> Iterator[Page]:
    with blank_page(browser, server) as page:
        yield page


@pytest.fixture
def blank_with_webgpu(playwright: Playwright, server: Server) -> Iterator[Page]:
    """In a browser that computes on the CPU where there is no GPU."""
    with launched(playwright, "--enable-unsafe-webgpu") as browser, blank_page(browser, server) as page:
        yield page


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


@pytest.fixture(scope="session")
def enter(browser: Browser, server: Server, visits: list[Visit]) -> Callable[..., Visit]:
    """Open a page: `enter(url, **options of the browser's context)`.

    No service worker keeps the site in the background, unless the options say `service_workers="allow"`.
    """

    def enter(url: str = server.url, **options: Any) -> Visit:
        visit = Visit(browser.new_context(**{"service_workers": "block"} | options).new_page())
        visits.append(visit)
        visit.page.goto(url)
        return visit

    return enter


@pytest.fixture(autouse=True)
def no_faults(visits: list[Visit]) -> Iterator[None]:
    """No test passes with a fault on an open page."""
    yield
    for visit in visits:
        visit.check()


def leave(visits: list[Visit], visit: Visit) -> None:
    visit.page.context.close()
    visits.remove(visit)


@pytest.fixture
def visit(enter: Callable[..., Visit], visits: list[Visit]) -> Iterator[Visit]:
    """A fresh page, ready to train."""
    visit = enter()
    visit.wait_for("#go", "Train")
    yield visit
    visit.check()
    leave(visits, visit)


@pytest.fixture(scope="session")
def trained(enter: Callable[..., Visit]) -> Visit:
    """A page on which the defaults have been trained and tested, from cold."""
    visit = enter()
    visit.wait_for("#go", "Train")
    assert visit.text("#model-hint") == "Small CNN with random weights."
    visit.wait_for("#reading-count", "right")
    assert int(visit.text("#reading-count").split()[0]) < 15  # of 30: it knows nothing yet
    visit.page.click("#go")
    visit.wait_for("#notice", "Test accuracy", seconds=300)
    return visit


@pytest.fixture(scope="session")
def enter_play(enter: Callable[..., Visit], server: Server) -> Callable[..., Playground]:
    """Open the playground: `enter_play(fragment, host, **options of the browser's context)`."""

    def enter_play(fragment: str = "", host: Server = server, **options: Any) -> Playground:
        visit = enter(f"{host.url}play.html{fragment}", **options)
        visit.__class__ = Playground
        assert isinstance(visit, Playground)
        return visit

    return enter_play


@pytest.fixture
def fresh(enter_play: Callable[..., Playground], visits: list[Visit]) -> Iterator[Playground]:
    """A playground of its own."""
    visit = enter_play()
    yield visit
    visit.check()
    leave(visits, visit)
