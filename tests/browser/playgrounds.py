"""Actions on the playground's page."""

from __future__ import annotations

import time

from playwright.sync_api import Worker, expect
from visits import Visit

SECONDS = 120


class Playground(Visit):
    """The playground's page, with a visitor's actions."""

    def write(self, code: str) -> None:
        """Replace the program in the editor."""
        self.page.click("#editor .cm-content")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(code)

    def ready(self, seconds: float = SECONDS) -> None:
        """Wait until a program may run; fail with the page's message if none can."""
        may_run = self.page.locator("#go[aria-disabled=false]")
        may_run.or_(self.page.locator("#fault-title:not(:empty)")).first.wait_for(timeout=seconds * 1000)
        assert may_run.count(), self.text("#fault-title")

    def run(self, code: str) -> str:
        """Run a program to its end; return the output."""
        self.ready()
        self.write(code)
        self.page.keyboard.press("Control+Enter")
        return self.finished()

    def enter(self, line: str) -> str:
        self.ready()
        self.page.fill("#entry", line)
        self.page.press("#entry", "Enter")
        return self.finished()

    def start(self, code: str) -> None:
        """Run an endless program; wait until it prints "on the way"."""
        self.ready()
        self.write(code)
        self.page.click("#go")
        expect(self.page.locator("#output")).to_contain_text("on the way", timeout=SECONDS * 1000)

    def stop(self) -> float:
        """Stop it; return the seconds until the next program may run."""
        began = time.monotonic()
        self.page.click("#stop")
        self.ready()
        return time.monotonic() - began

    def wait_for_spare(self) -> None:
        """Wait until a second Python is ready, besides the one in use."""
        end = time.monotonic() + SECONDS

        def pythons() -> list[Worker]:
            return [worker for worker in self.page.workers if "pyodide" in worker.url]

        ready = "performance.getEntriesByName('ready').length"
        while len(pythons()) < 2 or not pythons()[-1].evaluate(ready):
            assert time.monotonic() < end, f"after {SECONDS} s there is no spare Python"
            self.page.wait_for_timeout(50)

    def finished(self, seconds: float = SECONDS) -> str:
        """Wait for the program's end; return the output."""
        self.page.evaluate("new Promise(requestAnimationFrame)")  # it has begun
        self.ready(seconds)
        self.page.evaluate("new Promise(requestAnimationFrame)")  # the output is drawn once a frame
        return self.text("#output").rstrip("\n")

    def note(self, selector: str) -> None:
        """From now on, note each text that an element has."""
        self.page.evaluate(
            """(selector) => {
              const element = document.querySelector(selector);
              globalThis.noted = [];
              const note = () => globalThis.noted.push(element.textContent);
              const all = { childList: true, characterData: true, subtree: true };
              new MutationObserver(note).observe(element, all);
            }""",
            selector,
        )

    def noted(self) -> list[str]:
        """The texts that were noted."""
        return list(self.page.evaluate("globalThis.noted"))

    def choose_example(self, title: str) -> None:
        self.page.click("[popovertarget=examples]")
        self.page.click(f"#example-list button >> text={title}")

    def code(self) -> str:
        """The program in the editor."""
        lines = self.page.locator("#editor .cm-line")
        lines.first.wait_for()
        return "\n".join(lines.all_text_contents())

    def pictures(self) -> list[str]:
        """The alternative texts of the pictures in the output, all of which are loaded."""
        arrived = "(image) => image.complete && image.naturalWidth > 0"
        self.until(f"[...document.querySelectorAll('#output img')].every({arrived})")
        return [str(image.get_attribute("alt")) for image in self.page.locator("#output img").all()]
