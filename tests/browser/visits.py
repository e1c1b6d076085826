"""Pages of the site, a visitor's actions on them, and their faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Route

# The first paint with text or a picture in it, in milliseconds; null before.
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"

# True after the page has not changed for a while; false if it never stops changing.
STANDS_STILL = """() => new Promise((done) => {
  let timer;
  setTimeout(done, 60_000, false);
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(done, 400, true);
  };
  const all = { attributes: true, characterData: true, childList: true, subtree: true };
  new MutationObserver(wait).observe(document, all);
  wait();
})"""

# The layout shift. The first paint is observed, too, so that there is a result where nothing has moved.
LAYOUT_SHIFT = """() => new Promise((done) => {
  const observer = new PerformanceObserver((list) => done(list.getEntriesByType('layout-shift')
    .filter((entry) => !entry.hadRecentInput)
    .reduce((sum, { value }) => sum + value, 0)));
  for (const type of ['layout-shift', 'paint']) observer.observe({ type, buffered: true });
})"""


# Canvases return noise, as in browsers that prevent fingerprinting.
NOISE = """for (const { prototype } of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
  prototype.getImageData = (x, y, width, height) => {
    const data = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i * 89) % 251);
    return new ImageData(data, width, height);
  };
}
"""

# As in a browser that stores no data of sites.
DENIED = """for (const name of ['indexedDB', 'localStorage', 'sessionStorage']) {
  Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } });
}"""

# The fields of the form by name.
SETTINGS = "Object.fromEntries(new FormData(document.getElementById('settings')))"


@dataclass
class Visit:
    """One page of the site, and the faults on it.

    Attributes:
        page: Playwright's page.
        faults: console errors, uncaught exceptions, requests that leave the host.
        expected: parts of those faults that the test provokes.
        asked: the paths that were fetched, in order.
        moved: how much of what was on screen moved by itself while a shared page arrived.
        midway: see the fixture `trained`.
    """

    page: Page
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    moved: float = 0.0
    midway: int = 0

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        self.page.context.on("request", lambda request: self._on_request(request.url))
        self.page.context.on("requestfailed", self._on_failure)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.text == "Service Worker registration blocked by Playwright":  # as conftest.py wants it
            return
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def _on_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("blob", "data"):
            return
        self.asked.append(parts.path)
        if parts.hostname != "127.0.0.1":
            self.faults.append(f"left the host: {url}")

    def _on_failure(self, request: Request) -> None:
        """Ignore requests that the page's policy blocked: the console reports them."""
        fault = f"left the host: {request.url}"
        if request.failure == "csp" and fault in self.faults:
            self.faults.remove(fault)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def end_worker(self) -> None:
        """Let the page's first worker end by an error."""
        self.expected.append("end of the worker")
        # Later, as Playwright would wait forever for the result of a worker that has ended.
        self.page.workers[0].evaluate("void setTimeout(() => { throw new Error('end of the worker') }, 50)")

    def wait_for(self, selector: str, text: str, seconds: float = 60) -> None:
        """Wait until an element has a text."""
        self.page.locator(selector).filter(has_text=text).wait_for(timeout=seconds * 1000)

    def until(self, expression: str, seconds: float = 60) -> None:
        """Wait until an expression of JavaScript holds in the page.

        Playwright's `wait_for_function` has the page itself evaluate it, which its policy forbids.
        """
        end = monotonic() + seconds
        while not self.page.evaluate(expression):
            assert monotonic() < end, f"after {seconds} s it still does not hold that {expression}"
            self.page.wait_for_timeout(20)

    def stand_still(self) -> None:
        """Wait until nothing on the page changes any more."""
        assert self.page.evaluate(STANDS_STILL)

    def settle(self) -> None:
        """Wait until the page's Python has started, if there is one, and its results have been drawn."""
        self.page.wait_for_load_state("load")
        self.stand_still()
        if self.page.workers:
            self.wait_for("#versions", "NumPy")
            self.stand_still()

    def set_type(self, size: int) -> None:
        """Set the size of type, as the browser's settings do: 16 is usual."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("Page.setFontSizes", {"fontSizes": {"standard": size}})
        session.detach()
        assert self.page.evaluate("getComputedStyle(document.documentElement).fontSize") == f"{size}px"

    def outside(self) -> list[str]:
        """The paths that were fetched from outside the folder of the page."""
        folder = urlsplit(self.page.url).path.rpartition("/")[0] + "/"
        return [path for path in self.asked if not path.startswith(folder)]

    def layout_shift(self) -> float:
        """The cumulative layout shift so far."""
        return float(self.page.evaluate(LAYOUT_SHIFT))

    def until_seen(self, images: int) -> None:
        """Wait until the run has seen so many images."""
        seen = "parseInt(document.getElementById('r-samples').textContent.replaceAll(',', ''))"
        self.until(f"{seen} >= {images}")

    def keep_busy(self) -> None:
        """Make the worker compute for two seconds; calls wait."""
        compute = "for (const end = performance.now() + 2_000; performance.now() < end;);"
        self.page.workers[0].evaluate(f"void setTimeout(() => {{ {compute} }})")

    def unfold(self) -> None:
        """Open all `details` elements."""
        self.page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")

    def choose(self, **settings: object) -> None:
        """Set fields of the settings form by their names."""
        self.unfold()
        for name, value in settings.items():
            control = self.page.locator(f"#settings [name={name}]")
            if control.evaluate("control => control.tagName") == "SELECT":
                control.select_option(str(value))
            else:
                control.fill(str(value))

    def seen(self) -> int:
        """How many images the run has seen."""
        first = self.text("#r-samples").split(" of ")[0]
        return 0 if first == "–" else int(first.replace(",", ""))

    def weights(self, folder: Path) -> Path:
        """Download the weights."""
        self.unfold()
        with self.page.expect_download() as download:
            self.page.click("#download")
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

    def unexpected(self) -> list[str]:
        """The faults since the last call, without those that the test provokes."""
        faults = [fault for fault in self.faults if not any(part in fault for part in self.expected)]
        self.faults.clear()
        return faults

    def check(self) -> None:
        assert not (faults := self.unexpected()), faults


class TrainingPage(Visit):
    """The training page, whose initial state can be restored."""

    settings: dict[str, str] | None = None  # at first
    weights_at_first: bytes
    restored = 0

    def begin(self) -> None:
        """Wait until it can train."""
        self.wait_for("#go", "Train")
        self.unfold()
        if self.settings is None:
            self.settings = self.page.evaluate(SETTINGS)
            with self.page.expect_download() as download:
                self.page.click("#download")
            self.weights_at_first = download.value.path().read_bytes()

    def start_over(self) -> None:
        """Restore its initial settings, weights, picture and scroll position; nothing may be running."""
        assert self.text("#go") == "Train"
        assert self.settings
        self.choose(**self.settings)
        self.restored += 1
        name = f"restored{self.restored}.npz"
        file: Any = {"name": name, "mimeType": "application/zip", "buffer": self.weights_at_first}
        self.page.set_input_files("#file", file)
        self.wait_for("#notice", f"The weights from {name} are loaded.")
        self.page.fill("#test-index", "0")
        self.page.press("#test-index", "Enter")
        self.wait_for("#seen-caption", "a test image: a 7")
        self.page.check("[name=speed][value=ease]", force=True)
        self.page.evaluate("scrollTo(0, 0)")


def put_ahead(context: BrowserContext, worker: str, script: str) -> None:
    """Run a script before a worker's own."""

    def with_script(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=script + response.text())

    context.route(f"**/{worker}.worker-*.js", with_script)
