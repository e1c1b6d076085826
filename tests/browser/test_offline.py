"""The site without a host: kept in the browser, renewed by the next build."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hosting import DIST, Preview, serving
from playwright.sync_api import Browser
from test_lite import CHATTER
from visits import Visit

SITE = DIST / "site"
PAGES = sorted(path.name for path in SITE.glob("*.html"))
KEPT = "This site is kept in your browser and works without a network"


class Host:
    """A host that is switched on and off, and keeps its address."""

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
    """Open a page in a browser that may keep the site."""
    return lambda url: enter(url, service_workers="allow")


def test_after_one_visit_everything_works_without_a_network(
    keeping: Callable[[str], Visit], host: Host
) -> None:
    visit = keeping(f"{host.url}learn.html")
    visit.wait_for("#offline", KEPT, seconds=120)
    host.end()
    visit.page.context.set_offline(True)
    visit.expected.append("service-worker.js")  # whether there is a new one cannot be found out
    for page in PAGES:
        visit.page.goto(host.url + page)
        assert visit.page.locator("h1").is_visible()
    visit.page.goto(f"{host.url}play.html")
    visit.wait_for("#versions", "Running Pyodide")
    visit.page.goto(host.url)
    visit.page.reload()
    visit.wait_for("#go", "Train")
    visit.choose(model="MLP", batchSize=16)
    visit.page.click("#go")
    visit.until_seen(160)
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")


def test_what_a_program_loaded_is_kept_too(keeping: Callable[[str], Visit], host: Host) -> None:
    visit = keeping(f"{host.url}play.html")
    visit.wait_for("#offline", KEPT, seconds=120)
    visit.page.reload()  # from now on the worker sees what passes

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
    """The site as it is, and as a later build would have it: with another wheel under the same name."""
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("lite"), copy_function=os.link)
    (wheel,) = (new / "pyodide").glob("pyconvlite-*.whl")
    before = hashlib.sha256(wheel.read_bytes()).hexdigest()
    rewritten = tmp_path / "wheel"
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(rewritten, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if name.endswith(".pyc"):  # which would hide the change
                continue
            text = source.read(name)
            if name == "pyconvlite/__init__.py":
                assert b'__version__ = "' in text
                text = text.replace(b'__version__ = "', b'__version__ = "99.')
            target.writestr(name, text)
    after = hashlib.sha256(rewritten.read_bytes()).hexdigest()
    wheel.unlink()
    rewritten.rename(wheel)
    lock = new / "pyodide/pyodide-lock.json"
    lock_before = hashlib.sha256(lock.read_bytes()).hexdigest()
    text = lock.read_text("utf-8")
    assert json.loads(text)["packages"]["pyconvlite"]["sha256"] == before
    replace(lock, before, after)
    replace(new / "service-worker.js", before, after)
    replace(new / "service-worker.js", lock_before, hashlib.sha256(lock.read_bytes()).hexdigest())
    return old, new


def replace(path: Path, before: str, after: str) -> None:
    """Write a file anew, not the one that it is a link to."""
    text = path.read_text("utf-8")
    assert before in text
    path.unlink()
    path.write_text(text.replace(before, after), "utf-8")


def test_a_new_build_replaces_the_old_wheel(
    keeping: Callable[[str], Visit], builds: tuple[Path, Path]
) -> None:
    old, new = builds
    host = Host(old)
    visit = keeping(f"{host.url}learn.html")
    visit.wait_for("#offline", KEPT, seconds=120)
    wheels = "caches.keys().then(async (names) => (await Promise.all(names.map(async (name) => "
    wheels += "(await (await caches.open(name)).keys()).map(({ url }) => url)))).flat()"
    wheels += ".filter((url) => url.includes('/pyconvlite-')))"
    (kept,) = visit.page.evaluate(wheels)

    host.server.site = new
    visit.page.reload()
    visit.wait_for("#renewal", "A new version of this site is here.")
    visit.wait_for("#versions", "NumPy")
    assert "pyconvlite 99." not in visit.text("#versions")  # nothing changes below a visitor's hands
    visit.page.click("#renew")
    visit.wait_for("#versions", "pyconvlite 99.")
    assert visit.page.is_hidden("#renewal")
    (renewed,) = visit.page.evaluate(wheels)
    assert renewed != kept
    host.end()
    visit.expected.append("service-worker.js")
    visit.page.reload()
    visit.wait_for("#versions", "pyconvlite 99.")


def test_a_wheel_of_another_build_is_not_kept(
    keeping: Callable[[str], Visit], builds: tuple[Path, Path]
) -> None:
    """A host in the middle of an update: the new wheel with the rest of the old build."""
    old, new = builds
    host = Host(old)
    (wheel,) = (old / "pyodide").glob("pyconvlite-*.whl")
    wheel.unlink()
    os.link(new / "pyodide" / wheel.name, wheel)
    visit = keeping(f"{host.url}bench.html")
    visit.wait_for("#offline", "Some of this site could not be kept")
    host.end()


def test_a_browser_without_room_says_so(browser: Browser, server: Preview) -> None:
    with browser.new_context(locale="en-US") as context:
        page = context.new_page()
        quota = {"origin": server.url.removesuffix("/"), "quotaSize": 8_000_000}
        context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", quota)
        page.goto(f"{server.url}bench.html")
        page.locator("#offline").filter(has_text="Your browser has no room to keep this site").wait_for()


def test_the_notebooks_leave_the_sites_worker_alone(keeping: Callable[[str], Visit], host: Host) -> None:
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
