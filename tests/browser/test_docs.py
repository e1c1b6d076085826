"""The documentation at /docs/: all public names, the search, links to the playground."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from accessibility import findings
from hosting import DIST, Preview
from playwright.sync_api import expect
from visits import DENIED, Visit

from tools import docs

FOLDER = DIST / "site" / "docs"


def test_every_public_name_has_an_entry() -> None:
    pages = "".join(path.read_text("utf-8") for path in FOLDER.glob("reference/**/*.html"))
    anchors = set(re.findall(r'id="(pyconvlite\.[\w.]+)"', pages))
    names = {f"{module}.{name}" for module in docs.MODULES for name in docs.public_names(module)}
    names |= {f"pyconvlite.layers.{name}" for name in ("Layer.save_weights", "GRU.reset_state")}  # inherited
    assert names - anchors == set()
    assert ">Variables<span" not in pages  # Sphinx's word for attributes


def test_search_and_example_link(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}docs/", python=False)
    visit.page.fill("input[name=q]", "conv2d")
    visit.page.keyboard.press("Enter")
    found = visit.page.locator("#search-results a")
    expect(found.first).to_have_attribute("href", re.compile("#pyconvlite.functions.conv2d$"))  # no kernel
    found.first.click()
    entry = visit.page.locator("dl", has=visit.page.locator("[id='pyconvlite.functions.conv2d']"))
    expect(entry.first).to_contain_text("NumPy, SIMD, WebGPU")  # after the page is complete
    address = entry.first.locator("a", has_text="Try it").first.get_attribute("href")
    assert address
    assert address.startswith("../../../play.html#code=")
    visit.check()  # the page's policy blocks none of its own scripts and styles


def test_search_in_japanese(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}docs/ja/", python=False)
    page = visit.page
    words = page.locator("body").inner_text()
    for english in ("Search", "Next", "Previous", "On this page", "Copyright", "Toggle", "Skip"):
        assert english not in words.replace("Copyright ©", "")
    page.fill("input[name=q]", "逆伝播")
    page.keyboard.press("Enter")
    page.locator("#search-results a", has_text="自動微分のしくみ").first.wait_for()
    page.locator("h2", has_text="検索結果").wait_for()
    assert page.locator("#search-results li").count() < 6  # guides without the word are not listed
    page.goto(f"{server.url}docs/ja/search.html?q=simd")
    page.click("#search-results a[href*='simd.html']")
    page.locator("h1", has_text="SIMD").wait_for()
    visit.check()


@pytest.mark.full
def test_search_without_browser_storage(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank", python=False)
    visit.page.add_init_script(DENIED)
    visit.page.goto(f"{server.url}docs/search.html?q=conv2d")
    visit.page.click("#search-results a >> nth=0")
    visit.page.locator("[id='pyconvlite.functions.conv2d']").wait_for()
    theme = visit.page.locator("button.theme-toggle:visible")
    theme.click()
    expect(visit.page.locator("body")).to_have_attribute("data-theme", re.compile("light|dark"))
    visit.check()


@pytest.mark.full
def test_axe_finds_nothing(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}docs/", python=False)
    for page in (
        *("index.html", "search.html?q=conv2d", "genindex.html", "operations.html", "ja/index.html"),
        *("ja/autograd.html", "guides/simd.html", "reference/functions/conv.html"),
    ):
        visit.page.goto(f"{server.url}docs/{page}")
        for scheme in ("light", "dark"):
            visit.page.emulate_media(color_scheme=scheme)
            assert findings(visit.page) == [], page
    visit.check()


@pytest.mark.parametrize(
    "page", ["index.html", "ja/autograd.html", "guides/simd.html", "reference/functions/conv.html"]
)
def test_layout_fits_a_phone(enter: Callable[..., Visit], server: Preview, page: str) -> None:
    visit = enter(f"{server.url}docs/{page}", python=False, viewport={"width": 360, "height": 740})
    for size in (16, 32):
        visit.set_type(size)
        assert visit.page.evaluate("document.documentElement.scrollWidth") == 360
    visit.check()


def test_every_page_links_to_the_site_in_its_language() -> None:
    pages = [page for page in FOLDER.rglob("*.html") if "_static" not in page.parts]
    assert len(pages) > 40
    for page in pages:
        text = page.read_text("utf-8")
        folder = page.relative_to(FOLDER).parent
        end = ".ja.html" if folder.name == "ja" else ".html"
        assert f'<html class="no-js" lang="{"ja" if folder.name == "ja" else "en"}"' in text
        for name in ("index", "learn", "play"):
            assert (FOLDER.parent / (name + end)).exists()
            assert f'href="{"../" * (len(folder.parts) + 1)}{name}{end}"' in text, page
