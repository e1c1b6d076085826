"""How soon a page responds, from a cold and a warm cache: first paint, Python's first answer, and CPU.

Wall-clock times are those of the machine at that moment and are printed; seconds of CPU are compared.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import launched
from hosting import PAGES, Preview
from lessons import READ
from playwright.sync_api import BrowserContext, Page, Playwright
from visits import PAINTED

pytestmark = pytest.mark.full

KEPT = "This site is stored in your browser"
CODE_S = 4  # after which Chromium has cached its compiled code
START_S = 4  # within which a page that loads Python by itself has started to

# When Python has answered in the footer, in milliseconds since the visit began; null before.
ANSWERED = """new MutationObserver((_, observer) => {
  if (!/NumPy/.test(document.getElementById('versions')?.textContent)) return;
  performance.mark('answered');
  observer.disconnect();
}).observe(document, { childList: true, characterData: true, subtree: true })"""
WHEN = "() => performance.getEntriesByName('answered')[0]?.startTime ?? null"


# Changes a number of a figure; returns the milliseconds until the figure shows Python's result.
CHANGE = f"""async () => {{
  const began = performance.now();
  const knob = document.querySelector('#stride .knobs [name=SH]');
  knob.value = 2;
  for (const type of ['input', 'change']) knob.dispatchEvent(new Event(type, {{ bubbles: true }}));
  for (;;) {{
    const [shape, cells] = ({READ})(['stride', 'y']) ?? ['', []];
    if (shape.trim() === '(3, 3)' && cells.every(Boolean)) return performance.now() - began;
    await new Promise(requestAnimationFrame);
  }}
}}"""


class Start(NamedTuple):
    painted: float
    answered: float | None
    cpu: float

    def __str__(self) -> str:
        python = "" if self.answered is None else f", Python's answer after {self.answered / 1000:.1f} s"
        return f"first paint after {self.painted / 1000:.1f} s{python}, {self.cpu:.1f} s of CPU"


def cpu_of_children() -> float:
    """Seconds of CPU used by all browser processes below this one."""
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().rpartition(")")
        except OSError:
            continue  # the process has just ended
        fields = rest.split()
        parents[int(folder.name)] = int(fields[1])
        used[int(folder.name)] = sum(map(int, fields[11:15])) if "(chrom" in name else 0

    def is_ours(process: int) -> bool:
        return process == os.getpid() or (process in parents and is_ours(parents[process]))

    return sum(ticks for process, ticks in used.items() if is_ours(process)) / os.sysconf("SC_CLK_TCK")


def start(page: Page, url: str) -> Start:
    """Open a page and wait for its first answer, if it starts Python by itself."""
    before = cpu_of_children()
    page.goto(url)
    answered = None
    page.wait_for_timeout(START_S * 1000)
    if page.workers:
        page.locator("#versions").filter(has_text="NumPy").wait_for(timeout=90_000)
        answered = page.evaluate(WHEN)
    return Start(page.evaluate(PAINTED), answered, cpu_of_children() - before)


@contextmanager
def visitor(playwright: Playwright) -> Iterator[BrowserContext]:
    """A browser without data of the site."""
    with launched(playwright) as browser, browser.new_context(service_workers="allow") as context:
        context.add_init_script(ANSWERED)
        yield context


@pytest.mark.parametrize("name", PAGES)
def test_warm_cache_is_faster(
    playwright: Playwright, server: Preview, tell: Callable[[str], None], name: str
) -> None:
    with visitor(playwright) as context:
        page = context.new_page()
        cold = start(page, server.url + name)
        page.locator("#offline").filter(has_text=KEPT).wait_for(timeout=120_000)
        page.reload()  # from now on the service worker serves the files
        if cold.answered is not None:
            page.locator("#versions").filter(has_text="NumPy").wait_for(timeout=90_000)
        page.wait_for_timeout(CODE_S * 1000)
        page.close()
        visits = []
        for _ in range(2):  # at times Chromium rewrites its compiled code, and has none meanwhile
            page = context.new_page()
            visits.append(start(page, server.url + name))
            page.wait_for_timeout(CODE_S * 1000)
            page.close()
        warm = min(visits, key=lambda visit: visit.cpu)
    tell(f"{name}: cold: {cold}; warm: {warm}")
    if cold.answered is not None:
        assert warm.cpu < 0.7 * cold.cpu  # the compiled code is cached


def change(page: Page, go: Callable[[], object]) -> tuple[float, float]:
    """Open a lesson and change a number at once: seconds until the result, and seconds of CPU in all."""
    before = cpu_of_children()
    go()
    page.locator("#stride .knobs [name=SH]").wait_for()
    seconds = page.evaluate(CHANGE) / 1000
    page.locator("#versions").filter(has_text="NumPy").wait_for(timeout=90_000)
    page.wait_for_timeout(1_000)
    return seconds, cpu_of_children() - before


def test_time_to_first_result(playwright: Playwright, server: Preview, tell: Callable[[str], None]) -> None:
    url = f"{server.url}lesson-stride.html"
    with visitor(playwright) as context:
        page = context.new_page()
        cold = change(page, lambda: page.goto(url))
        page.locator("#offline").filter(has_text=KEPT).wait_for(timeout=120_000)
        page.reload()
        page.locator("#versions").filter(has_text="NumPy").wait_for(timeout=90_000)
        page.wait_for_timeout(CODE_S * 1000)
        warm = min((change(page, lambda: page.goto(url)) for _ in range(3)), key=lambda times: times[1])
        after = []
        for _ in range(3):
            page.click("nav.all >> text=3")
            page.locator("nav.all [aria-current]", has_text="3").wait_for()
            page.wait_for_timeout(1_000)
            after.append(change(page, lambda: page.click("#next")))
        following = min(after, key=lambda times: times[1])
    times = {"cold": cold, "warm": warm, "after another page": following}
    for name, (seconds, cpu) in times.items():
        tell(f"a changed number is answered, {name}: after {seconds:.2f} s; {cpu:.1f} s of CPU with the page")
    assert following[1] < 0.5 * warm[1]  # Python goes on
