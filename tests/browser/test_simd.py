"""The tests of the SIMD kernels, run by pytest inside Pyodide inside the browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hosting import DIST, Server
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]

# Starts Pyodide with all packages of its lock, installs the wheel, and runs pytest on the files given.
RUN = """async ({ wheel, files, program, names }) => {
  const { loadPyodide } = await import('/pyodide/pyodide.mjs');
  const lock = await (await fetch('/pyodide/pyodide-lock.json')).json();
  const lines = [];
  const keep = (line) => lines.push(line);
  const pyodide = await loadPyodide({ packages: Object.keys(lock.packages), stdout: keep, stderr: keep });
  await pyodide.pyimport('micropip').install(new URL(wheel, location.origin).href);
  pyodide.FS.mkdirTree('/suite/tests');
  for (const [path, text] of Object.entries(files)) pyodide.FS.writeFile(`/suite/${path}`, text);
  pyodide.FS.chdir('/suite');
  await pyodide.runPythonAsync("import sys; sys.path.remove('')\\n" + program);
  const arguments_ = ['-q', '-m', 'not cpython', '--junitxml=report.xml', ...names];
  const status = pyodide.globals.get('main')(arguments_);
  return { status, lines, report: pyodide.FS.readFile('/suite/report.xml', { encoding: 'utf8' }) };
}"""


@pytest.fixture
def blank(browser: Browser, server: Server) -> Iterator[Page]:
    """A page of the host with nothing on it."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/pyodide/pyodide-lock.json")
        yield page


def test_suite_of_the_simd_kernels(blank: Page) -> None:
    (wheel,) = DIST.glob("pyconvlite-*.whl")
    sources = [ROOT / "pyproject.toml", *(ROOT / "tests").glob("*.py")]
    names = sorted(f"tests/{path.name}" for path in (ROOT / "tests").glob("test_simd_*.py"))
    given = {
        "wheel": f"/{wheel.name}",
        "files": {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sources},
        "program": (ROOT / "tools" / "pytest_inside.py").read_text("utf-8"),
        "names": names,
    }
    done = blank.evaluate(RUN, given)
    output = "\n".join(done["lines"][-50:])
    assert done["status"] == 0, output
    outcomes = [
        {outcome.tag for outcome in case} for case in ElementTree.fromstring(done["report"]).iter("testcase")
    ]
    passed = sum(not tags & {"failure", "error", "skipped"} for tags in outcomes)
    assert passed > 1_000, output  # each of both variants of the kernels
