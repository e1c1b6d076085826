"""Build the notebooks' part of the site: JupyterLite with the site's own Pyodide, and the notebooks.

A notebook is kept as a script in the percent format, which editors show as cells, once for both languages:
code cells stand under `# %%`, text under `# %% [markdown] en` or `# %% [markdown] ja`, as comments. Each
language gets a notebook of its text and all code.

Usage: python -m tools.lite FOLDER JUPYTER_LITE
FOLDER is what to write, JUPYTER_LITE the program that builds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SITE = Path(__file__).parents[1] / "site"
SOURCE = SITE / "lite"
LANGUAGES = ("en", "ja")
MARK = "# %%"
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"


class Cell(NamedTuple):
    """A cell of a script.

    Attributes:
        language: of a text; None for code.
        lines: as they stand in the script.
    """

    language: str | None
    lines: list[str]


class LiteError(Exception):
    """Something that must not be published; the message says what."""


def cells(script: str) -> Iterator[Cell]:
    """Cut a script into its cells; what stands above the first mark is no part of the notebook.

    Raises:
        LiteError: a mark of another kind, or a text that is no comment.
    """
    cell = None
    for number, line in enumerate(script.splitlines(), start=1):
        if line.startswith(MARK):
            if cell:
                yield cell
            kind = line.removeprefix(MARK).split()
            if kind and (kind[0] != "[markdown]" or kind[1:] not in [[language] for language in LANGUAGES]):
                raise LiteError(
                    f"line {number}: a cell is marked # %% or # %% [markdown] en or ja, not {line}"
                )
            cell = Cell(kind[1] if kind else None, [])
        elif cell:
            if cell.language and line and not line.startswith("#"):
                raise LiteError(f"line {number}: a text stands in comments; this is none: {line}")
            cell.lines.append(line)
    if cell:
        yield cell


def notebook(script: str, language: str) -> dict[str, Any]:
    """Make the notebook of one language, in Jupyter's format 4.5, without outputs."""
    made: list[dict[str, Any]] = []
    for cell in cells(script):
        if cell.language not in (None, language):
            continue
        common = {"id": f"cell-{len(made) + 1}", "metadata": {}}
        if cell.language:
            text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in cell.lines)
            made.append({"cell_type": "markdown", **common, "source": text.strip()})
        else:
            source = "\n".join(cell.lines).strip()
            made.append(
                {"cell_type": "code", **common, "execution_count": None, "outputs": [], "source": source}
            )
    return {
        "cells": made,
        "metadata": {
            "kernelspec": {"display_name": "Python (Pyodide)", "language": "python", "name": "python"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def write_notebooks(folder: Path) -> None:
    """Write all notebooks into `en/` and `ja/` of a folder."""
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True)
        for script in sorted(SOURCE.glob("notebooks/*.py")):
            made = notebook(script.read_text("utf-8"), language)
            text = json.dumps(made, ensure_ascii=False, indent=1)
            (folder / language / f"{script.stem}.ipynb").write_text(f"{text}\n", "utf-8")


def keep_apart(folder: Path) -> None:
    """Have each page of JupyterLite leave the site's service worker alone.

    Raises:
        LiteError: a page without the place where the script goes.
    """
    script = f"<script>\n{(SOURCE / 'apart.js').read_text('utf-8')}</script>"
    for page in sorted(folder.glob("*/index.html")):
        before, head, after = page.read_text("utf-8").partition("<head>")
        if not head:
            raise LiteError(f"{page.relative_to(folder)} has no <head>, where apart.js goes")
        page.write_text(before + head + script + after, "utf-8")


def build(folder: Path, jupyter_lite: Path) -> None:
    """Build the folder, all or nothing.

    Raises:
        LiteError: the build left the site's Pyodide out, and would load another host's.
    """
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as temporary:
        work = Path(temporary)  # the builder keeps notes beside what it reads
        shutil.copy(SOURCE / "jupyter-lite.json", work)
        write_notebooks(work / "contents")
        command = [str(jupyter_lite.absolute()), "build", "--contents", "contents", "--output-dir", "lite"]
        command += ["--apps", "notebooks", "--apps", "tree", "--no-sourcemaps"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LiteError(f"jupyter lite build failed:\n{done.stdout}{done.stderr}")
        built = json.loads((work / "lite" / "jupyter-lite.json").read_text("utf-8"))
        wanted = json.loads((SOURCE / "jupyter-lite.json").read_text("utf-8"))
        for name, value in wanted["jupyter-config-data"]["litePluginSettings"][KERNEL].items():
            if built["jupyter-config-data"]["litePluginSettings"].get(KERNEL, {}).get(name) != value:
                raise LiteError(f"the built jupyter-lite.json has lost the kernel's {name}")
        keep_apart(work / "lite")
        first_paint = (SITE / "frame" / "first-paint.js").read_text("utf-8")
        index = (SOURCE / "index.html").read_text("utf-8").replace("/* first paint */", first_paint)
        (work / "lite" / "index.html").write_text(index, "utf-8")
        if folder.exists():
            folder.rename(work / "old")
        (work / "lite").rename(folder)


def tell_sizes(folder: Path) -> None:
    """Print how large the folder is."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{os.path.relpath(folder)}: {size / 1e6:.1f} MB in {len(files)} files", file=sys.stderr)


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]), Path(sys.argv[2]))
        tell_sizes(Path(sys.argv[1]))
    except LiteError as error:
        sys.exit(f"error: {error}")
