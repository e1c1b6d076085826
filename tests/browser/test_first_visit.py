"""What a visitor gets first: text at once, whatever becomes of Python, and no more than it takes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hosting import DIST, Preview
from visits import Visit

sys.path.insert(0, str(Path(__file__).parents[2]))
from tools import site_size

SITE = DIST / "site"
PAGES = sorted(path.name for path in SITE.glob("*.html"))

# The first paint with text or a picture in it, in milliseconds; null before.
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


@pytest.mark.parametrize("page", PAGES)
def test_text_is_readable_before_python_is_there(
    enter: Callable[..., Visit], server: Preview, page: str
) -> None:
    visit = enter(server.url + page, python=False, locale="en-US")
    visit.until(f"({PAINTED})() !== null", seconds=20)
    assert visit.page.locator("h1").inner_text().strip()
    words = visit.page.locator("main").inner_text().split()
    assert len(words) > 30
    visit.page.click("#language")  # it answers, too
    assert visit.page.evaluate("document.documentElement.lang") == "ja"


def test_the_learn_page_fetches_what_the_build_counts(page_of: Callable[[str], Visit]) -> None:
    visit = page_of("learn.html")
    counted = site_size.loaded_by(SITE, "learn.html") | site_size.python_files(SITE)
    names = {f"/{path.relative_to(SITE)}" for path in counted}
    assert set(visit.asked) - names == set()
    # What only some visitors or pages need is counted as well: fonts for letters that the page lacks, and the
    # frame in which the training page starts its worker.
    unused = {name for name in names - set(visit.asked) if not name.endswith((".woff2", ".svg"))}
    assert {name.split("-")[0] for name in unused} <= {"/assets/own"}
