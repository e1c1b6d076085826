"""A page of the site as a visitor uses it, with all that goes wrong on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request


@dataclass
class Visit:
    """One page of the site, with all that went wrong on it.

    Attributes:
        page: Playwright's page.
        faults: console errors, uncaught exceptions, requests that leave the host.
        expected: parts of those faults that the test provokes.
    """

    page: Page
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

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
        if parts.scheme not in ("blob", "data") and parts.hostname != "127.0.0.1":
            self.faults.append(f"left the host: {url}")

    def _on_failure(self, request: Request) -> None:
        """What the page's policy stopped has not left; the console tells of it."""
        fault = f"left the host: {request.url}"
        if request.failure == "csp" and fault in self.faults:
            self.faults.remove(fault)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def wait_for(self, selector: str, text: str, seconds: float = 60) -> None:
        """Wait until an element says something."""
        self.page.locator(selector).filter(has_text=text).wait_for(timeout=seconds * 1000)

    def until(self, expression: str, seconds: float = 60) -> None:
        """Wait until an expression of JavaScript holds in the page.

        Playwright's `wait_for_function` has the page itself evaluate it, which its policy forbids.
        """
        end = monotonic() + seconds
        while not self.page.evaluate(expression):
            assert monotonic() < end, f"after {seconds} s it still does not hold that {expression}"
            self.page.wait_for_timeout(20)

    def moved(self) -> float:
        """How much of what was on screen has moved by itself so far: the layout shift."""
        return float(
            self.page.evaluate(
                """() => new Promise((done) => {
                  new PerformanceObserver((list) => done(list.getEntries()
                    .filter((entry) => !entry.hadRecentInput)
                    .reduce((sum, { value }) => sum + value, 0)))
                    .observe({ type: 'layout-shift', buffered: true });
                  setTimeout(() => done(0), 1000); // where nothing has, nothing is told
                })"""
            )
        )

    def until_seen(self, images: int) -> None:
        """Wait until the run has seen so many images."""
        seen = "parseInt(document.getElementById('r-samples').textContent.replaceAll(',', ''))"
        self.until(f"{seen} >= {images}")

    def choose(self, **settings: object) -> None:
        """Set fields of the settings form by their names."""
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
        with self.page.expect_download() as download:
            self.page.click("#download")
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

    def check(self) -> None:
        faults = [fault for fault in self.faults if not any(part in fault for part in self.expected)]
        self.faults.clear()
        assert not faults, faults
