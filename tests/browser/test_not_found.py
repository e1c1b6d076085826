"""The page for unknown URLs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from accessibility import findings
from conftest import PHONE
from hosting import DIST, Preview
from visits import Visit


@pytest.mark.parametrize("address", ["nothing.html", "nothing", "docs/none/of/these.html", "100%"])
def test_unknown_url(enter: Callable[..., Visit], server: Preview, address: str) -> None:
    visit = enter("about:blank", python=False, viewport=PHONE)
    visit.expected.append("404")
    response = visit.page.goto(server.url + address)
    assert response
    assert response.status == 404
    assert visit.text("h1") == "Page not found"
    assert visit.text("[lang=ja] h2") == "ページが見つかりません"
    links = ["", "learn.html", "index.ja.html", "learn.ja.html"]
    wanted = [server.url + link for link in links]
    found = "[...document.links].map(({ href }) => href).join()"
    visit.until(f"{found} === '{','.join(wanted)}'")
    assert all(visit.page.request.get(link).ok for link in wanted)
    assert visit.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    visit.page.emulate_media(color_scheme="dark")
    assert findings(visit.page) == []
    visit.page.click("text=Lessons")
    visit.page.wait_for_url("**/learn.html")


def test_not_found_page_is_where_hosts_expect_it() -> None:
    assert (DIST / "site/404.html").is_file()
