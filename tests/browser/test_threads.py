"""Threads in the browser: on isolated pages, with an explanation elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import pytest
from hosting import ISOLATION, Server
from playgrounds import Playground
from playwright.sync_api import Browser
from test_headers import headers
from test_lite import ASK, READY
from visits import Visit

MOST = 4


@pytest.fixture
def host(own_server: Server) -> Server:
    own_server.headers = ISOLATION
    return own_server


def on_all_cores(visit: Visit) -> str:
    cores = min(int(visit.page.evaluate("navigator.hardwareConcurrency")), MOST)
    kernels = "Computing with WebAssembly SIMD kernels (relaxed) on"
    return f"{kernels} {cores} cores." if cores > 1 else f"{kernels} one core: this machine has one core."


def test_isolated_page_uses_all_cores(enter: Callable[..., Visit], host: Server) -> None:
    visit = enter(host.url)
    visit.wait_for("#go", "Train")
    visit.unfold()
    assert visit.page.evaluate("crossOriginIsolated")
    assert visit.text("#kernels") == on_all_cores(visit)
    visit.choose(images=20_000)
    visit.page.click("#go")
    visit.until_seen(320)
    start = monotonic()
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")
    assert monotonic() - start < 20  # of a busy machine
    assert visit.text("#kernels") == on_all_cores(visit)


@pytest.mark.full
def test_missing_isolation_is_explained(enter: Callable[..., Visit], own_server: Server) -> None:
    visit = enter(own_server.url)
    visit.wait_for("#go", "Train")
    visit.unfold()
    visit.wait_for("#kernels", "on one core: this page is not cross-origin isolated; reload it")


@pytest.mark.full
def test_the_service_worker_isolates_the_next_visit(enter: Callable[..., Visit], own_server: Server) -> None:
    visit = enter(f"{own_server.url}learn.html", service_workers="allow")
    assert not visit.page.evaluate("crossOriginIsolated")
    visit.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    visit.until("navigator.serviceWorker.controller !== null")
    visit.page.goto(own_server.url)
    assert visit.page.evaluate("crossOriginIsolated")
    visit.wait_for("#go", "Train")
    visit.unfold()
    assert visit.text("#kernels") == on_all_cores(visit)


@pytest.mark.full
def test_user_programs_use_one_core(enter: Callable[..., Playground], host: Server) -> None:
    """Its worker has an opaque origin, to which Chromium gives no shared memory."""
    play = enter(f"{host.url}play.html", Playground)
    code = "from pyconvlite import backends\nbackends.describe().threads_error.code"
    assert play.run(code) == "'threads-opaque'"


@pytest.mark.full
def test_notebooks_use_one_core(browser: Browser, own_server: Server) -> None:
    """Also where the host sends the headers."""
    own_server.headers = headers()
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{own_server.url}lite/notebooks/index.html?path=en/index.ipynb")
        page.wait_for_function(READY, timeout=120_000)
        code = "from pyconvlite import backends\nprint(backends.describe().threads)"
        assert page.evaluate(ASK, code).strip() == "1"
