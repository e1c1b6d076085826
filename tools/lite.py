"""Build the notebooks' part of the site: JupyterLite with the site's own Pyodide, and the notebooks.

A notebook is kept as a script in Jupytext's percent format, which editors show as cells, for both languages:
a text is marked `# %% [markdown] lang="en"` or `lang="ja"`. Each language gets a notebook with its texts and
all code.

Usage: python -m tools.lite FOLDER JUPYTER_LITE
FOLDER is what to write, JUPYTER_LITE the program that builds.
"""

from __future__ import annotations

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

from tools.inline import source_hashes

SITE = Path(__file__).parents[1] / "site"
SOURCE = SITE / "lite"
LANGUAGES = ("en", "ja")
SCRIPTS = "apart.js", "way-back.js"  # which each page of JupyterLite runs first
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
GROUNDS = {"light": "ffffff", "dark": "111111"}  # of JupyterLab's outputs

# JupyterLab's checker of settings compiles itself by eval, and its widgets write styles.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
)


class LiteError(Exception):
    """The notebooks cannot be published; the message says why."""


def notebook(script: str, language: str) -> NotebookNode:
    """Make the notebook of one language, in Jupyter's format 4.5, without outputs.

    Raises:
        LiteError: a text is not marked with its language.
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


def figure_settings(sheet: str) -> dict[str, str]:
    """Settings of matplotlib (a matplotlibrc) for each scheme: the site's colors on JupyterLab's background.

    Args:
        sheet: the site's base.css.

    Returns:
        The text by "light" and "dark".
    """
    light, _, dark = sheet.partition("prefers-color-scheme: dark")
    tokens = [dict(re.findall(r"--([\w-]+): #(\w+);", part)) for part in (light, dark)]
    return {
        scheme: "".join(f"{name}: {value}\n" for name, value in _settings(tokens[0] | own, ground).items())
        for scheme, own, ground in zip(GROUNDS, tokens, GROUNDS.values(), strict=True)
    }


def _settings(token: dict[str, str], ground: str) -> dict[str, str]:
    lines = [token[f"line-{i}"] for i in range(1, 6)]
    text = ("text.color", "axes.labelcolor", "xtick.color", "ytick.color")
    return {
        **dict.fromkeys(("figure.facecolor", "axes.facecolor"), ground),
        **dict.fromkeys(text, token["text"]),
        **dict.fromkeys(("axes.edgecolor", "legend.edgecolor"), token["edge"]),
        "axes.prop_cycle": f"cycler('color', {lines})",
    }


def protect(page: Path, script: str = "") -> None:
    """Write a policy into a page: only requests to the site, only the site's scripts and its own inline ones.

    Args:
        page: an HTML file.
        script: a script to run first, and other elements of the head.

    Raises:
        LiteError: the page has no head.
    """
    before, head, after = page.read_text("utf-8").partition("<head>")
    if not head:
        raise LiteError(f"{page.parent.name}/{page.name} has no <head>, where its policy goes")
    after = f"{script}{after}"
    policy = POLICY.format(hashes=source_hashes(after, "script"))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{policy}" />'
    page.write_text(f"{before}{head}{policy}{after}", "utf-8")


def complete_pages(folder: Path) -> None:
    """Make JupyterLite's pages run the scripts of the site, request no other host, and name their icon."""
    sources = [(SOURCE / name).read_text("utf-8") for name in SCRIPTS]
    script = f"<script>\n{''.join(sources)}</script>"
    # JupyterLite sets it in a script, when the browser has already requested /favicon.ico.
    icon = '<link rel="icon" href="../static/favicons/favicon.ico" />'
    for page in sorted(folder.glob("*/index.html")):
        protect(page, icon + script)


def build(folder: Path, jupyter_lite: Path) -> None:
    """Build the folder, all or nothing.

    Raises:
        LiteError: the build failed, or would load Pyodide from another host.
    """
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as temporary:
        work = Path(temporary)  # the builder writes a database beside its inputs
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
        shutil.rmtree(
            work / "lite" / "doc", ignore_errors=True
        )  # redirects to JupyterLab, which is not built
        for module in ("kernel.mjs", "interrupts.mjs", "amended.py"):
            shutil.copy(SOURCE / module, work / "lite")
        sheet = (SITE / "src" / "styles" / "base.css").read_text("utf-8")
        for scheme, settings in figure_settings(sheet).items():
            (work / "lite" / f"figures-{scheme}.txt").write_text(settings, "utf-8")
        complete_pages(work / "lite")
        first_paint = (SITE / "src" / "app" / "first-paint.js").read_text("utf-8")
        index = (SOURCE / "index.html").read_text("utf-8").replace("/* first paint */", first_paint)
        (work / "lite" / "index.html").write_text(index, "utf-8")
        protect(work / "lite" / "index.html")
        if folder.exists():
            folder.rename(work / "old")
        (work / "lite").rename(folder)


def print_size(folder: Path) -> None:
    """Print the size of the folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{os.path.relpath(folder)}: {size / 1e6:.1f} MB in {len(files)} files", file=sys.stderr)


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]), Path(sys.argv[2]))
        print_size(Path(sys.argv[1]))
    except LiteError as error:
        sys.exit(f"error: {error}")
