"""docs/guides/own-page.md: its example page works, isolated or not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hosting import DIST, ROOT, serving
from playwright.sync_api import Browser, expect

from tools.build.outputs import WHEEL

ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the guide, and the files that they need."""
    text = (ROOT / "docs" / "guides" / "own-page.md").read_text("utf-8")
    for kind, name in (("html", "index.html"), ("js", "worker.mjs"), ("python", "train.py")):
        found = re.search(f"```{kind}\n(.*?)```", text, re.DOTALL)
        assert found
        (tmp_path / name).write_text(found[1], "utf-8")
    (tmp_path / "pyodide").symlink_to(DIST / "pyodide")
    shutil.copy(ROOT / WHEEL, tmp_path)
    return tmp_path


@pytest.mark.parametrize("headers", [{}, ISOLATION], ids=["plain", "isolated"])
def test_page_of_the_guide_trains(browser: Browser, folder: Path, headers: dict[str, str]) -> None:
    with serving(site=folder, path="/own/") as server, browser.new_context() as context:
        server.headers.update(headers)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{server.url}index.html")
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="Train").click(timeout=120_000)
        expect(page.locator("output")).to_contain_text("step 2000: loss 0.000", timeout=120_000)
        if headers:
            page.get_by_role("button", name="Train").click()
            expect(page.locator("output")).not_to_contain_text("step 2000")
            with page.expect_console_message(lambda message: message.text == "stopped"):
                page.get_by_role("button", name="Stop").click()
        assert faults == []
