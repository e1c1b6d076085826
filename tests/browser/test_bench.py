"""The benchmark page: it runs, fills in every result, and fits every screen."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hosting import Preview, Server
from lessons import wait
from visits import Visit


@pytest.fixture(scope="module")
def measured(enter_for_module: Callable[..., Visit], server: Preview) -> Visit:
    """The page with all its figures."""
    visit = enter_for_module(server.url + "bench.html")
    assert visit.text("#go") == "Run"
    assert not visit.page.workers  # nothing is loaded before the click
    visit.page.focus("#go")
    visit.page.keyboard.press("Enter")
    visit.wait_for("#notice", "Everything is measured.", seconds=300)
    return visit


def figures(visit: Visit, selector: str) -> list[float]:
    return [float(re.sub("[,×%]| ms", "", text)) for text in visit.page.locator(selector).all_inner_texts()]


@pytest.mark.full
def test_every_result_is_filled_in(measured: Visit) -> None:
    assert "WebAssembly SIMD kernels (relaxed)" in measured.text("#kernels")
    assert "Running Pyodide 314.0.3" in measured.text("#versions")
    assert figures(measured, "#ceiling")[0] > 1
    kernels, nets = (
        figures(measured, "#products td:not(thead td)"),
        figures(measured, "#nets td:not(thead td)"),
    )
    assert len(kernels) == 15 * 4
    assert len(nets) == 2 * 3
    assert min(kernels + nets) > 0


@pytest.mark.full
def test_results_are_consistent(measured: Visit) -> None:
    for table in ("#products", "#nets"):
        simd, numpy, ratio = (figures(measured, f"{table} .{name}") for name in ("simd", "numpy", "ratio"))
        assert ratio == pytest.approx([s / n for s, n in zip(simd, numpy, strict=True)], rel=0.02)
    (ceiling,) = figures(measured, "#ceiling")
    shares = [100 * speed / ceiling for speed in figures(measured, "#products .simd")]
    assert figures(measured, "#products .share") == pytest.approx(shares, abs=1, rel=0.01)
    step, *shares = map(float, re.findall(r"\d[\d.]*", measured.text("#split-text")))
    assert sum(shares) == pytest.approx(100, abs=2)
    assert sum(figures(measured, "#split-kernels dd")) < step


def test_stop_run_again_and_leave(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(server.url + "bench.html")
    for _ in range(2):
        visit.page.click("#go")
        visit.until("document.getElementById('ceiling').textContent > '1'")
        assert "–" in visit.page.locator("#products td.simd").all_inner_texts()
        visit.page.click("#stop")
        visit.wait_for("#notice", "Stopped.")
        assert visit.text("#go") == "Run"
    assert visit.outside() == []
    visit.page.click("nav >> text=Lessons")
    visit.page.locator("#lessons").wait_for()

    def has_ended() -> bool:
        """The workers that measure end with their page."""
        visit.page.wait_for_timeout(50)  # until Playwright hears of it
        return not visit.page.workers

    wait(has_ended, lambda: f"there are {visit.page.workers}")


@pytest.mark.full
def test_missing_file(enter: Callable[..., Visit], own_server: Server) -> None:
    own_server.missing.add("pyodide.asm.wasm")
    visit = enter(own_server.url + "bench.html")
    visit.expected += ["404", "wasm"]
    visit.page.click("#go")
    visit.wait_for("#fault-title", "Python is not running")
    assert "pyodide.asm.wasm" in visit.text("#fault-title")
    own_server.missing.clear()
    visit.page.click("#retry")
    visit.wait_for("#go", "Measuring")
    assert visit.page.is_hidden("#fault")


@pytest.mark.full
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1440])
def test_layout_fits_every_screen(measured: Visit, scheme: str, width: int) -> None:
    measured.page.set_viewport_size({"width": width, "height": 900})
    measured.page.emulate_media(color_scheme=scheme)
    assert measured.page.evaluate("document.documentElement.scrollWidth") == width
