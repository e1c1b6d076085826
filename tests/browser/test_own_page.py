"""docs/guides/own-page.md: its example page works, isolated or not."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hosting import DIST, ISOLATION, ROOT, serving
from playwright.sync_api import Browser, Page, expect

from tools.build.outputs import WHEEL


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


@contextmanager
def opened(browser: Browser, folder: Path, headers: dict[str, str]) -> Iterator[Page]:
    """The page from a host with these headers; uncaught errors fail the test."""
    with serving(site=folder, path="/own/") as server, browser.new_context() as context:
        server.headers.update(headers)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{server.url}index.html")
        yield page
        assert faults == []


STRICT = {"Content-Security-Policy": "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'"}


@pytest.mark.parametrize("headers", [{}, ISOLATION, STRICT], ids=["plain", "isolated", "without eval"])
def test_page_of_the_guide_trains(browser: Browser, folder: Path, headers: dict[str, str]) -> None:
    with opened(browser, folder, headers) as page:
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="Train").click(timeout=120_000)
        expect(page.locator("output")).to_contain_text("step 2000: loss 0.000", timeout=120_000)


TELLING = """
import asyncio
import pyconvlite_bridge
from pyconvlite import backends

async def tell():
    with backends.threads(2):
        for _ in range(300):
            if backends.describe().threads < 2:
                await asyncio.sleep(0.1)
        print("threads:", backends.describe().threads, callable(pyconvlite_bridge.open))

asyncio.ensure_future(tell())
"""


def test_scripts_registered_under_a_policy_without_eval(browser: Browser, folder: Path) -> None:
    """The guide's commands take them out of the wheel."""
    text = (ROOT / "docs" / "guides" / "own-page.md").read_text("utf-8")
    commands = re.search(r"```console\n\$ (for .*?)```", text, re.DOTALL)
    registering = re.search(r"```js\n(import open .*?)\n\n(pyodide.register.*?)```", text, re.DOTALL)
    assert commands
    assert registering
    subprocess.run(["bash", "-c", re.sub("^> ", "", commands[1], flags=re.MULTILINE)], cwd=folder, check=True)
    worker = folder / "worker.mjs"
    loading = "const pyodide = await loadPyodide();\n"
    imports, call = registering.groups()
    program = worker.read_text("utf-8")
    assert loading in program
    worker.write_text(f"{imports}\n{program.replace(loading, loading + call)}", "utf-8")
    with (folder / "train.py").open("a", encoding="utf-8") as file:
        file.write(TELLING)
    policy = {"Content-Security-Policy": STRICT["Content-Security-Policy"] + "; worker-src 'self' blob:"}
    with serving(site=folder, path="/own/") as server, browser.new_context() as context:
        server.headers.update(ISOLATION | policy)
        page = context.new_page()
        with page.expect_console_message(lambda m: m.text.startswith("threads:"), timeout=120_000) as found:
            page.goto(f"{server.url}index.html")
        assert found.value.text == "threads: 2 True"


def test_page_of_the_guide_stops(browser: Browser, folder: Path) -> None:
    program = folder / "train.py"
    endless = program.read_text("utf-8").replace("range(2000)", "range(10**9)")
    assert "10**9" in endless
    program.write_text(endless, "utf-8")
    with opened(browser, folder, ISOLATION) as page:
        page.get_by_role("button", name="Train").click(timeout=120_000)
        expect(page.locator("output")).to_contain_text("step", timeout=120_000)
        with page.expect_console_message(lambda message: message.text == "stopped"):
            page.get_by_role("button", name="Stop").click()
