"""The served site in WebKit, Safari's engine: GTK's MiniBrowser on a virtual display, by WebDriver."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hosting import Preview, previewing
from selenium.webdriver import WebKitGTK, WebKitGTKOptions
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.webkitgtk.service import Service
from strokes import Stroke

# What a page throws after it has loaded, and what it writes as an error or a warning.
RECORD_FAULTS = """
window.faults = [];
addEventListener('error', ({ message }) => faults.push(message));
addEventListener('unhandledrejection', ({ reason }) => faults.push(String(reason)));
for (const level of ['error', 'warn']) console[level] = (...values) => faults.push(values.join(' '));
"""


class Visit:
    """Pages of the site in one browser, with a visitor's actions."""

    def __init__(self, driver: WebKitGTK, url: str) -> None:
        self.driver = driver
        self.url = url

    def open(self, page: str) -> None:
        self.driver.get(page if ":" in page else self.url + page)
        self.driver.execute_script(RECORD_FAULTS)

    def element(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return " ".join(element.text for element in self.all(selector))

    def until(self, holds: Callable[[], object], seconds: float = 60) -> None:
        """Wait; fail with what the page says of its Python if it takes too long."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, (self.text("#fault-title"), self.faults())
            time.sleep(0.1)

    def wait_for(self, selector: str, text: str, seconds: float = 60) -> None:
        self.until(lambda: text in self.text(selector), seconds)

    def click(self, selector: str) -> None:
        """Click once the element is enabled."""
        self.until(lambda: self.all(f"{selector}:not([aria-disabled=true])"), 120)
        self.element(selector).click()

    def draw(self, strokes: Sequence[Stroke]) -> None:
        """Draw on the emptied drawing area; coordinates are percentages of it."""
        self.click("#clear")
        pad = self.element("#pad")
        self.driver.execute_script("arguments[0].scrollIntoView({ block: 'center' })", pad)
        size = pad.size

        def place(point: tuple[float, float]) -> tuple[int, int]:  # from the middle
            x, y = point
            return round((x / 100 - 0.5) * size["width"]), round((y / 100 - 0.5) * size["height"])

        actions = ActionChains(self.driver, duration=20)
        for first, *rest in strokes:
            actions.move_to_element_with_offset(pad, *place(first)).click_and_hold()
            for point in rest:
                actions.move_to_element_with_offset(pad, *place(point))
            actions.release()
        actions.perform()

    def faults(self) -> list[str]:
        return list(self.driver.execute_script("return window.faults"))

    def forget_faults(self) -> None:
        self.driver.execute_script("window.faults = []")


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """The name of a virtual display."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x1200x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL) as process:
        os.close(writer)
        with open(reader) as number:
            name = number.readline().strip()
        assert name, "Xvfb does not start"
        yield f":{name}"
        process.terminate()


@pytest.fixture(scope="session")
def server() -> Iterator[Preview]:
    """The site as `./build.sh serve` serves it."""
    with previewing() as server:
        yield server


@pytest.fixture
def visit(display: str, server: Preview, tmp_path: Path) -> Iterator[Visit]:
    """A new browser, with an empty profile."""
    options = WebKitGTKOptions()
    options.binary_location = os.environ["PYCONVLITE_WEBKIT"]
    options.add_argument("--automation")
    environment = {
        **os.environ,
        "DISPLAY": display,
        "HOME": str(tmp_path),
        "LC_ALL": "en_US.UTF-8",  # in the locale C, JavaScript has no default language
        "JSC_useSharedArrayBuffer": "1",  # as in Safari, on pages that are cross-origin isolated
    }
    if os.geteuid() == 0:
        environment["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
    socket.setdefaulttimeout(120)  # which Selenium takes: a browser that does not start fails the test
    try:
        with warnings.catch_warnings():
            # Selenium's own
            warnings.filterwarnings("ignore", "setting remote_server_addr", DeprecationWarning)
            driver = WebKitGTK(
                options=options, service=Service(env=environment, log_output=subprocess.DEVNULL)
            )
    finally:
        socket.setdefaulttimeout(None)
    try:
        driver.set_window_size(1280, 1100)
        visit = Visit(driver, server.url)
        yield visit
        assert not visit.faults()
    finally:
        driver.quit()
