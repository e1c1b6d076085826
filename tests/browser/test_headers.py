"""The recommended headers: the whole site works with them, and the notebooks reach no other host."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from hosting import DIST, Server
from playgrounds import Playground
from playwright.sync_api import Browser, expect
from test_lite import ASK, READY
from visits import Visit

SITE = DIST / "site"


def headers() -> dict[str, str]:
    """The headers in the file `_headers`."""
    first, *lines = (SITE / "_headers").read_text("utf-8").splitlines()
    assert first == "/*"
    pairs = (line.strip().partition(": ") for line in lines if not line.lstrip().startswith("#"))
    return {name: value for name, _, value in pairs}


@pytest.fixture
def host(own_server: Server) -> Server:
    own_server.headers = headers()
    return own_server


def test_nginx_configuration_has_the_same_headers() -> None:
    lines = (SITE / "nginx-headers.conf").read_text("utf-8").splitlines()
    sent = [line for line in lines if not line.startswith("#")]
    assert sent == [f'add_header {name} "{value}" always;' for name, value in headers().items()]


def policy(text: str) -> dict[str, set[str]]:
    """The sources of each directive of a policy."""
    directives = (directive.split() for directive in text.split(";") if directive.strip())
    return {name: set(sources) - {"'none'"} for name, *sources in directives}


def test_header_policy_allows_what_the_pages_policy_allows() -> None:
    sent = policy(headers()["Content-Security-Policy"])
    others = {"'wasm-unsafe-eval'": "'unsafe-eval'"}
    pages = 0
    for page in SITE.rglob("*.html"):
        found = re.search(r'"Content-Security-Policy"\s+content="([^"]+)"', page.read_text("utf-8"))
        assert found, f"{page} has no policy"
        for name, sources in policy(html.unescape(found[1])).items():
            wanted = {
                "'unsafe-inline'" if "'sha" in source else others.get(source, source) for source in sources
            }
            assert wanted <= sent.get(name, sent["default-src"]), f"{page.relative_to(SITE)}: {name}"
        pages += 1
    assert pages > 100


def test_search_of_the_documentation(enter: Callable[..., Visit], host: Server) -> None:
    visit = enter(f"{host.url}docs/", python=False)
    visit.page.fill("input[name=q]", "conv2d")
    visit.page.keyboard.press("Enter")
    visit.page.locator("#search-results a[href*='conv2d']").first.wait_for()


def test_the_playground(enter: Callable[..., Playground], host: Server) -> None:
    play = enter(f"{host.url}play.html", Playground)
    assert play.run("'it runs'") == "'it runs'"
    assert play.page.evaluate("crossOriginIsolated")
    play.run(
        "class A:\n    def _repr_html_(self):\n        return '<b style=color:red>x</b>'\n"
        "display(A())\n'digraph g { a }'"
    )
    bold = play.page.frame_locator("#output iframe").frame_locator("iframe").locator("b")
    expect(bold).to_have_css("color", "rgb(255, 0, 0)")
    play.until("document.querySelectorAll('#output .graph img').length === 1")


@pytest.mark.full
def test_training(enter: Callable[..., Visit], host: Server) -> None:
    visit = enter(host.url)
    visit.wait_for("#go", "Train")
    visit.unfold()
    visit.wait_for("#kernels", "Computing with WebAssembly SIMD kernels")


@pytest.mark.full
def test_notebook_kernel_contacts_no_other_host(browser: Browser, host: Server) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{host.url}lite/notebooks/index.html?path=en/index.ipynb")
        page.wait_for_function(READY, timeout=120_000)
        code = """
import asyncio, js, pyconvlite
from pyodide.ffi import create_proxy
from pyodide.http import pyfetch

stopped = []
note = create_proxy(lambda event: stopped.append(event.effectiveDirective))
js.addEventListener("securitypolicyviolation", note)
try:
    await pyfetch("http://127.0.0.1:8/")
except OSError:
    await asyncio.sleep(0.2)
    print(pyconvlite.__name__, *stopped)
"""
        assert page.evaluate(ASK, code).strip() == "pyconvlite connect-src"
