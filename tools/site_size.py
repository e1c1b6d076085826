"""Print how large the site is, and fail where it has outgrown its budget.

Usage: python -m tools.site_size FOLDER

The budget is for the JavaScript and the styles of the site itself, as a host sends them: gzipped. Pyodide,
the notebooks and Graphviz are others' WebAssembly, fetched only where they are used; Graphviz comes inside a
script. Pretrained weights, which a program fetches that names them, have a budget of their own.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable
from pathlib import Path

BUDGET = 350_000
WEIGHTS_BUDGET = 10_000_000
OTHERS = ("graph.worker",)  # scripts that carry others' WebAssembly: Graphviz
LARGE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip")
PACKAGES = ("numpy", "pyconvlite")
COMPRESSED = {".woff2", ".whl", ".zip", ".gz", ".png", ".safetensors"}  # little or nothing is gained by gzip


class TooLargeError(Exception):
    """The site has outgrown its budget; the message says by which files."""


def sent(path: Path) -> int:
    """Bytes of a file as a host sends it."""
    data = path.read_bytes()
    return len(data) if path.suffix in COMPRESSED else len(gzip.compress(data, 9))


def own_sizes(site: Path) -> dict[str, int]:
    """Bytes of each script and style sheet of the site itself, the largest first."""
    files = [*(site / "assets").glob("*.js"), *(site / "assets").glob("*.css"), site / "service-worker.js"]
    sizes = {path.name: sent(path) for path in files if not path.name.startswith(OTHERS)}
    return dict(sorted(sizes.items(), key=lambda entry: -entry[1]))


def loaded_by(site: Path, page: str) -> set[Path]:
    """Find a page and all below assets/ that it names, or that these files name in turn."""
    assets = {path.name: path for path in (site / "assets").iterdir()}
    found = {site / page}
    queue = [site / page]
    while queue:
        path = queue.pop()
        if path.suffix in COMPRESSED:
            continue
        text = path.read_text("utf-8")
        named = {assets[name] for name in assets if name in text} - found
        found |= named
        queue += named
    return found


def python_files(site: Path) -> set[Path]:
    """Find what Python is made of on every page: Pyodide, NumPy and pyconvlite."""
    packages = json.loads((site / "pyodide" / "pyodide-lock.json").read_text("utf-8"))["packages"]
    wanted = list(PACKAGES)
    for name in wanted:
        wanted += [need for need in packages[name]["depends"] if need not in wanted]
    wheels = [packages[name]["file_name"] for name in wanted]
    return {site / "pyodide" / name for name in (*LARGE, *wheels)}


def report(site: Path) -> list[str]:
    """Describe the sizes in a few lines.

    Raises:
        TooLargeError: more than the budget.
    """
    own = own_sizes(site)
    total = sum(own.values())
    if total > BUDGET:
        largest = ", ".join(f"{name} {size / 1000:.0f}" for name, size in list(own.items())[:5])
        raise TooLargeError(
            f"the site's JavaScript and CSS are {total / 1000:.0f} kB gzipped, the budget is "
            f"{BUDGET / 1000:.0f}; the largest, in kB: {largest}"
        )

    weights = sum(sent(path) for path in (site / "weights").iterdir())
    if weights > WEIGHTS_BUDGET:
        raise TooLargeError(
            f"the pretrained weights are {weights / 1e6:.1f} MB, the budget is {WEIGHTS_BUDGET / 1e6:.0f}"
        )

    def together(files: Iterable[Path]) -> int:
        return sum(sent(path) for path in files)

    page = loaded_by(site, "learn.html")
    python = python_files(site)
    rest = {*site.glob("*.html"), *(site / "assets").iterdir(), *(site / "mnist").iterdir()} - page
    kilobytes = f"{together(page) / 1000:.0f} kB"
    megabytes = [f"{together(files) / 1e6:.1f} MB" for files in (page | python, python, rest)]
    return [
        f"JavaScript and CSS: {total / 1000:.0f} kB gzipped, of {BUDGET / 1000:.0f}",
        "first visit of the Learn page: {}, of which the page is {} and Python {}; the rest of the site, {}, "
        "follows to be kept for later".format(megabytes[0], kilobytes, *megabytes[1:]),
        f"pretrained weights, where a program names them: {weights / 1e6:.1f} MB",
    ]


if __name__ == "__main__":
    try:
        print("\n".join(report(Path(sys.argv[1]))), file=sys.stderr)
    except TooLargeError as error:
        sys.exit(f"error: {error}")
