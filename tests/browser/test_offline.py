"""The site offline: cached in the browser, updated by the next build."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from accessibility import findings
from hosting import DIST, LESSON, PAGES, Preview, serving
from playwright.sync_api import Browser, expect
from test_lite import CHATTER
from visits import Visit

from tools import installed

SITE = DIST / "site"
KEPT = "This site is stored in your browser and works offline"


class Host:
    """A host that can be stopped and restarted at the same address."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.stack = ExitStack()
        self.server = self.stack.enter_context(serving(site=site))

    @property
    def url(self) -> str:
        return self.server.url

    def end(self) -> None:
        self.stack.close()


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host(SITE)
    yield host
    host.end()


@pytest.fixture
def keeping(enter: Callable[..., Visit]) -> Callable[[str], Visit]:
    """Open a page in a browser that may cache the site."""
    return lambda url: enter(url, service_workers="allow")


def test_everything_works_offline_after_one_visit(keeping: Callable[[str], Visit], host: Host) -> None:
    visit = keeping(f"{host.url}lesson-sum.html")
    visit.wait_for("#offline", KEPT, seconds=120)
    # Chromium stores the compiled core by its URL, so that the file must be cached under the same one.
    asked = "performance.getEntriesByType('resource').map(({ name }) => name)"
    (core,) = [name for name in visit.page.evaluate(asked) if "pyodide.asm.wasm" in name]
    assert visit.page.evaluate("async (core) => (await caches.match(core)) !== undefined", core)
    host.end()
    visit.page.context.set_offline(True)
    visit.expected.append("service-worker.js")  # the check for a new build fails
    kept = "async (page) => (await caches.match(page, { ignoreSearch: true })) !== undefined"
    for page in PAGES:
        assert visit.page.evaluate(kept, page), page
        if page == LESSON or not page.startswith("lesson-"):
            visit.page.goto(host.url + page)
            assert visit.page.locator("h1").is_visible()
    visit.page.goto(f"{host.url}docs/")
    visit.page.fill("input[name=q]", "conv2d")
    visit.page.keyboard.press("Enter")
    visit.page.click("#search-results a[href*='#pyconvlite.functions.conv2d']")
    assert visit.page.locator("dt[id='pyconvlite.functions.conv2d']").is_visible()
    visit.expected.append("503")
    visit.page.goto(f"{host.url}lite/")
    visit.wait_for("h1", "No network")
    assert findings(visit.page) == []
    visit.page.click("a >> nth=1")
    visit.page.locator("html[lang=ja] #go").wait_for()
    visit.page.goto(f"{host.url}play.html")
    visit.wait_for("#versions", "Running Pyodide")
    visit.page.click("nav >> text=Train")  # in place
    visit.wait_for("#go", "Train")
    visit.page.reload()
    visit.wait_for("#go", "Train")
    visit.choose(model="MLP", batchSize=16)
    visit.page.click("#go")
    visit.until_seen(160)
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")


@pytest.mark.full
def test_packages_loaded_by_programs_are_cached(keeping: Callable[[str], Visit], host: Host) -> None:
    visit = keeping(f"{host.url}play.html")
    visit.wait_for("#offline", KEPT, seconds=120)
    visit.page.reload()  # from now on the service worker sees the requests

    def plots() -> None:
        visit.page.locator("#go[aria-disabled=false]").wait_for(timeout=60_000)
        visit.page.click("#editor .cm-content")
        visit.page.keyboard.press("Control+A")
        visit.page.keyboard.insert_text(
            "import os, tqdm\nsize = os.path.getsize('weights/efficientnet-lite0.safetensors')\n"
            "print(tqdm.__name__, 'is here, and', size // 10**6, 'MB')"
        )
        visit.page.keyboard.press("Control+Enter")
        visit.wait_for("#output", "tqdm is here, and 9 MB")

    plots()
    host.end()
    visit.expected.append("service-worker.js")
    visit.page.reload()
    plots()


@pytest.fixture
def builds(tmp_path: Path) -> tuple[Path, Path]:
    """The site, and a later build of it: with another pyconvlite under the same file name."""
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("lite"), copy_function=os.link)
    packages = new / "pyodide" / installed.NAME
    before = packages.read_bytes()
    line, _, contents = gzip.decompress(before).partition(b"\n")
    head = json.loads(line)
    files = {}
    for path, length in head["files"]:
        files[path], contents = contents[:length], contents[length:]
    text = files["pyconvlite/__init__.py"]
    assert b'__version__ = "' in text
    files["pyconvlite/__init__.py"] = text.replace(b'__version__ = "', b'__version__ = "99.')
    for path in [each for each in files if each.startswith("pyconvlite/__pycache__/__init__.")]:
        del files[path]  # the browser's cache would hide the change
    head["files"] = [(path, len(content)) for path, content in files.items()]
    after = gzip.compress(json.dumps(head).encode() + b"\n" + b"".join(files.values()))
    packages.unlink()
    packages.write_bytes(after)
    # its hash, and those of its contents
    for undone in (bytes, gzip.decompress):
        hashes = [hashlib.sha256(undone(content)).hexdigest() for content in (before, after)]
        replace(new / "service-worker.js", *hashes)
    return old, new


def replace(path: Path, before: str, after: str) -> None:
    """Replace a file, and not the target of a link."""
    text = path.read_text("utf-8")
    assert before in text
    path.unlink()
    path.write_text(text.replace(before, after), "utf-8")


@pytest.mark.full
def test_a_new_build_replaces_the_old_packages(
    keeping: Callable[[str], Visit], builds: tuple[Path, Path]
) -> None:
    old, new = builds
    host = Host(old)
    visit = keeping(f"{host.url}lesson-sum.html")
    visit.wait_for("#offline", KEPT, seconds=120)
    packages = "caches.keys().then(async (names) => (await Promise.all(names.map(async (name) => "
    packages += "(await (await caches.open(name)).keys()).map(({ url }) => url)))).flat()"
    packages += f".filter((url) => url.includes('/{installed.NAME}')))"
    (kept,) = visit.page.evaluate(packages)

    host.server.site = new
    visit.page.reload()
    visit.wait_for("#renewal", "A new version of this site is available.")
    visit.wait_for("#versions", "NumPy")
    assert "pyconvlite 99." not in visit.text("#versions")  # an open page keeps its build
    visit.page.click("#renew")
    visit.wait_for("#versions", "pyconvlite 99.")
    assert visit.page.is_hidden("#renewal")
    (renewed,) = visit.page.evaluate(packages)
    assert renewed != kept
    host.end()
    visit.expected.append("service-worker.js")
    visit.page.reload()
    visit.wait_for("#versions", "pyconvlite 99.")


@pytest.mark.full
def test_tab_of_the_old_build_still_works(keeping: Callable[[str], Visit], builds: tuple[Path, Path]) -> None:
    old, new = builds
    host = Host(old)
    visit = keeping(f"{host.url}bench.html")
    visit.wait_for("#offline", KEPT, seconds=120)
    host.server.site = new
    other = Visit(visit.page.context.new_page())
    other.page.goto(f"{host.url}bench.html")
    other.wait_for("#renewal", "A new version of this site is available.")
    with other.page.expect_navigation():
        other.page.click("#renew")
    visit.stand_still()
    assert visit.text("#offline").startswith(KEPT)
    assert visit.page.is_visible("#renewal")
    host.end()


@pytest.mark.parametrize(
    ("page", "chunk"),
    [("learn.html", "Sharing"), ("play.html", "completion"), ("play.html?embed", "completion")],
)
def test_file_removed_from_the_host(enter: Callable[..., Visit], host: Host, page: str, chunk: str) -> None:
    """As in a tab of the old build after an update of the host."""
    host.server.missing = {path.name for path in SITE.glob(f"assets/{chunk}-*.js")}
    visit = enter(host.url + page, python=False)
    visit.expected += ["404", "dynamically imported module"]
    if chunk == "Sharing":
        visit.page.click("#link-of-page")
    visit.wait_for("#renewal", "Part of this page could not be fetched")
    expect(visit.page.locator("#renew")).to_be_in_viewport(ratio=1)
    host.server.missing.clear()
    with visit.page.expect_navigation():
        visit.page.click("#renew")
    if chunk == "Sharing":
        visit.page.click("#link-of-page")
    visit.page.locator("#sharing" if chunk == "Sharing" else "#editor .cm-content").wait_for()
    assert visit.page.is_hidden("#renewal")


@pytest.mark.full
def test_packages_of_another_build_are_not_cached(
    keeping: Callable[[str], Visit], builds: tuple[Path, Path]
) -> None:
    """A host during an update: the new packages with the rest of the old build."""
    old, new = builds
    host = Host(old)
    packages = old / "pyodide" / installed.NAME
    packages.unlink()
    os.link(new / "pyodide" / packages.name, packages)
    visit = keeping(f"{host.url}bench.html")
    visit.wait_for("#offline", "Part of this site could not be stored")
    host.end()


@pytest.mark.full
def test_full_storage_is_reported(browser: Browser, server: Preview) -> None:
    with browser.new_context(locale="en-US") as context:
        page = context.new_page()
        quota = {"origin": server.url.removesuffix("/"), "quotaSize": 12_000_000}
        context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", quota)
        page.goto(f"{server.url}bench.html")
        page.locator("#offline").filter(has_text="Your browser has no room to store this site").wait_for()


@pytest.mark.full
def test_notebooks_keep_the_service_worker_of_the_site(keeping: Callable[[str], Visit], host: Host) -> None:
    visit = keeping(f"{host.url}bench.html")
    visit.wait_for("#offline", KEPT, seconds=120)
    visit.expected += CHATTER
    visit.page.goto(f"{host.url}lite/")
    visit.page.wait_for_function("navigator.serviceWorker.controller?.scriptURL.includes('/lite/')")
    scopes = visit.page.evaluate(
        """async () => {
          const all = ServiceWorkerContainer.prototype.getRegistrations.call(navigator.serviceWorker);
          return (await all).map(({ scope }) => scope);
        }"""
    )
    assert sorted(scopes) == [host.url, f"{host.url}lite/"]
