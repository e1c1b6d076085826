"""Print the size of the site, and fail if it exceeds its budget.

Usage: python -m tools.site_size FOLDER

The budget is for the site's own JavaScript and styles that the first visit of a page loads, gzipped as a host
sends them: the files that the page names, the modules that its scripts import, and the workers that they
start. Dynamic imports (`import()`) are loaded on demand; a browser test checks that no page loads more than
the budget by itself. Pyodide, the notebooks and Graphviz, third-party WebAssembly, are loaded only if they
are used; Graphviz is embedded in a script. Pretrained weights, which only programs load, have a budget of
their own.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterable
from pathlib import Path

BUDGET = 350_000
WEIGHTS_BUDGET = 10_000_000
OTHERS = ("graph.worker",)  # scripts that embed third-party WebAssembly: Graphviz
ELSEWHERE = "allPages-"  # the script with the addresses of the other pages' components
PYTHON = (
    *("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip"),
    "installed.gz",
)
# Static imports of a script, unlike `import()`, and the workers that it starts.
IMPORT = re.compile(r"""\b(?:from|import)\s*["']\./([^"']+)["']""")
WORKER = re.compile(r"\b[\w-]+\.worker-[\w-]+\.js\b")
COMPRESSED = {".woff2", ".whl", ".zip", ".gz", ".png", ".webp", ".safetensors"}  # which gzip does not shrink


class TooLargeError(Exception):
    """The site exceeds its budget; the message names the largest files."""


def sent(path: Path) -> int:
    """Bytes of a file as a host sends it."""
    data = path.read_bytes()
    return len(data) if path.suffix in COMPRESSED else len(gzip.compress(data, 9))


def first_visit(site: Path, page: str) -> set[Path]:
    """Find the scripts and style sheets that the first visit of a page loads."""
    assets = {path.name: path for path in (site / "assets").iterdir() if path.suffix in {".js", ".css"}}
    html = (site / page).read_text("utf-8")
    queue = [name for name in assets if name in html]
    for name in queue:
        script = assets[name].read_text("utf-8")
        workers = [worker for worker in WORKER.findall(script) if not worker.startswith(OTHERS)]
        named = {each for each in [*IMPORT.findall(script), *workers] if each in assets}
        queue += named.difference(queue)
    return {site / "service-worker.js", *(assets[name] for name in queue)}


def loaded_by(site: Path, page: str) -> set[Path]:
    """Find a page and all files of assets/ that it names, directly or indirectly; no other page's."""
    assets = {path.name: path for path in (site / "assets").iterdir()}
    found = {site / page}
    queue = [site / page]
    while queue:
        path = queue.pop()
        if path.suffix in COMPRESSED or path.name.startswith(ELSEWHERE):
            continue
        text = path.read_text("utf-8")
        named = {assets[name] for name in assets if name in text} - found
        found |= named
        queue += named
    return found


def python_files(site: Path) -> set[Path]:
    """Return the files of Python on every page: Pyodide, NumPy and pyconvlite."""
    return {site / "pyodide" / name for name in PYTHON}


def report(site: Path) -> list[str]:
    """Describe the sizes in a few lines.

    Raises:
        TooLargeError: they exceed the budget.
    """
    visits = {path.name: first_visit(site, path.name) for path in site.glob("*.html")}
    sizes = {path: sent(path) for path in set[Path]().union(*visits.values())}
    size, page = max((sum(sizes[path] for path in files), page) for page, files in visits.items())
    largest = sorted(((sizes[path], path.name) for path in visits[page]), reverse=True)[:5]
    parts = ", ".join(f"{name} {size / 1000:.0f}" for size, name in largest)
    if size > BUDGET:
        raise TooLargeError(
            f"the first visit of {page} takes {size / 1000:.0f} kB of JavaScript and CSS, gzipped; the "
            f"budget is {BUDGET / 1000:.0f}; the largest, in kB: {parts}"
        )

    weights = sum(sent(path) for path in (site / "weights").iterdir())
    if weights > WEIGHTS_BUDGET:
        raise TooLargeError(
            f"the pretrained weights are {weights / 1e6:.1f} MB, the budget is {WEIGHTS_BUDGET / 1e6:.0f}"
        )

    def together(files: Iterable[Path]) -> int:
        return sum(sent(path) for path in files)

    learn = loaded_by(site, "learn.html")
    python = python_files(site)
    rest = {*site.glob("*.html"), *(site / "assets").iterdir(), *(site / "mnist").iterdir()} - learn
    kilobytes = f"{together(learn) / 1000:.0f} kB"
    megabytes = [f"{together(files) / 1e6:.1f} MB" for files in (learn | python, python, rest)]
    return [
        f"JavaScript and CSS of a first visit: {size / 1000:.0f} kB gzipped at most, of {BUDGET / 1000:.0f}; "
        f"that of {page}, the largest in kB: {parts}",
        "first visit of the Learn page: {}, of which the page is {} and Python {}; the rest of the site, {}, "
        "follows to be kept for later".format(megabytes[0], kilobytes, *megabytes[1:]),
        f"pretrained weights, where a program names them: {weights / 1e6:.1f} MB",
    ]


if __name__ == "__main__":
    try:
        print("\n".join(report(Path(sys.argv[1]))), file=sys.stderr)
    except TooLargeError as error:
        sys.exit(f"error: {error}")
