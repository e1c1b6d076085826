"""pytest inside Pyodide inside the browser: in a worker, where Python may wait for JavaScript."""

from __future__ import annotations

import io
from pathlib import Path

from hosting import DIST
from playwright.sync_api import Page

from tools.tally import tally

ROOT = Path(__file__).parents[2]

PACKAGES = [
    "hypothesis",
    "micropip",
    "numpy",
    "pytest",
    "pytest-asyncio",
]  # without SciPy, which takes long to load

# Starts Pyodide, installs the wheel, and runs pytest on the files given.
RUN = """async ({ origin, wheel, packages, files, program, names }) => {
  const { loadPyodide } = await import(`${origin}/pyodide/pyodide.mjs`);
  const lines = [];
  const keep = (line) => lines.push(line);
  const pyodide = await loadPyodide({ packages, stdout: keep, stderr: keep });
  await pyodide.pyimport('micropip').install(`${origin}/${wheel}`);
  for (const [path, text] of Object.entries(files)) {
    pyodide.FS.mkdirTree(`/suite/${path}`.replace(/[^/]*$/, ''));
    pyodide.FS.writeFile(`/suite/${path}`, text);
  }
  pyodide.FS.chdir('/suite');
  await pyodide.runPythonAsync("import sys; sys.path.remove('')\\n" + program);
  const arguments_ = ['-q', '-m', 'not cpython', '--junitxml=report.xml', ...names];
  const status = await pyodide.globals.get('main').callPromising(arguments_);
  return { status, lines, report: pyodide.FS.readFile('/suite/report.xml', { encoding: 'utf8' }) };
}"""

IN_A_WORKER = f"""(given) => new Promise((done, fail) => {{
  const source = `const run = ${{{RUN}}};
    self.onmessage = async ({{ data }}) => self.postMessage(await run(data));
    self.onunhandledrejection = ({{ reason }}) => {{ throw reason; }};`;
  const url = URL.createObjectURL(new Blob([source], {{ type: 'text/javascript' }}));
  const worker = new Worker(url, {{ type: 'module' }});
  worker.onmessage = ({{ data }}) => done(data);
  worker.onerror = ({{ message }}) => fail(new Error(message));
  worker.postMessage({{ ...given, origin: location.origin }});
}})"""


def passed_inside(page: Page, *names: str) -> int:
    """Run tests of the suite; return how many passed, of which none failed.

    Args:
        page: on the host of the site.
        names: files, or folders of them.
    """
    (wheel,) = DIST.glob("pyconvlite-*.whl")
    folders = ROOT / "tests", ROOT / "tests" / "gpu"
    sources = [ROOT / "pyproject.toml", *(path for folder in folders for path in folder.glob("*.py"))]
    given = {
        "wheel": wheel.name,
        "packages": PACKAGES,
        "files": {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sources},
        "program": (ROOT / "tools" / "pytest_inside.py").read_text("utf-8"),
        "names": list(names),
    }
    done = page.evaluate(IN_A_WORKER, given)
    output = "\n".join(done["lines"][-50:])
    assert done["status"] == 0, output
    return tally(io.StringIO(done["report"]))[0]
