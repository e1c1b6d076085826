"""Build the notebooks' part of the site: JupyterLite with the site's own Pyodide, and the notebooks.

A notebook is kept as a script in Jupytext's percent format, which editors show as cells, once for both
languages: a text is marked `# %% [markdown] lang="en"` or `lang="ja"`. Each language gets a notebook of its
text and all code.

Usage: python -m tools.lite FOLDER JUPYTER_LITE
FOLDER is what to write, JUPYTER_LITE the program that builds.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

SITE = Path(__file__).parents[1] / "site"
SOURCE = SITE / "lite"
LANGUAGES = ("en", "ja")
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"


INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)

# JupyterLab's checker of settings compiles itself by eval, and its widgets write styles.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
)


class LiteError(Exception):
    """Something that must not be published; the message says what."""


def notebook(script: str, language: str) -> NotebookNode:
    """Make the notebook of one language, in Jupyter's format 4.5, without outputs.

    Raises:
        LiteError: a text that does not say its language.
    """
    made: NotebookNode = jupytext.reads(script, "py:percent")
    cells: list[NotebookNode] = []
    for cell in made.cells:
        if cell.cell_type == "markdown":
            if cell.metadata.get("lang") not in LANGUAGES:
                raise LiteError(f'mark a text # %% [markdown] lang="en" or "ja"; this is not: {cell.source}')
            if cell.metadata.lang != language:
                continue
        cell.id, cell.metadata = f"cell-{len(cells) + 1}", {}
        cells.append(cell)
    made.cells = cells
    made.metadata = {
        "kernelspec": {"display_name": "Python (Pyodide)", "language": "python", "name": "python"},
        "language_info": {"name": "python"},
    }
    return made


def write_notebooks(folder: Path) -> None:
    """Write all notebooks into `en/` and `ja/` of a folder."""
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True)
        for script in sorted(SOURCE.glob("notebooks/*.py")):
            made = notebook(script.read_text("utf-8"), language)
            text: str = nbformat.writes(made)  # type: ignore[no-untyped-call]
            (folder / language / f"{script.stem}.ipynb").write_text(text, "utf-8")


def protect(page: Path, script: str = "") -> None:
    """Write a policy into a page: it asks the site alone, and runs no scripts but the site's and its own.

    Args:
        page: an HTML file.
        script: one that is to run first, and other elements of the head.

    Raises:
        LiteError: the page has no place for them.
    """
    before, head, after = page.read_text("utf-8").partition("<head>")
    if not head:
        raise LiteError(f"{page.parent.name}/{page.name} has no <head>, where its policy goes")
    after = f"{script}{after}"
    digests = [hashlib.sha256(inline.encode()).digest() for inline in INLINE.findall(after)]
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY.format(hashes=hashes)}" />'
    page.write_text(f"{before}{head}{policy}{after}", "utf-8")


def complete_pages(folder: Path) -> None:
    """Have JupyterLite's pages leave the site's worker alone, ask no other host, and name their icon."""
    script = f"<script>\n{(SOURCE / 'apart.js').read_text('utf-8')}</script>"
    # JupyterLite names it from a script, when the browser has already asked the host for /favicon.ico.
    icon = '<link rel="icon" href="../static/favicons/favicon.ico" />'
    for page in sorted(folder.glob("*/index.html")):
        protect(page, icon + script)


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
        complete_pages(work / "lite")
        first_paint = (SITE / "frame" / "first-paint.js").read_text("utf-8")
        index = (SOURCE / "index.html").read_text("utf-8").replace("/* first paint */", first_paint)
        (work / "lite" / "index.html").write_text(index, "utf-8")
        protect(work / "lite" / "index.html")
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
