"""The outputs of the build: what each is made from and how, as tasks of doit."""

from __future__ import annotations

import os
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from doit.api import run_tasks
from doit.cmd_base import ModuleTaskLoader
from doit.exceptions import TaskFailed
from doit.tools import config_changed

from tools.build import environment, programs
from tools.build.process import PYTHON, ROOT, STAMPS, BuildError, alone, run, say

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
WHEEL = f"dist/pyconvlite-{PROJECT['project']['version']}-py3-none-any.whl"
DEZERO_WHEEL = WHEEL.replace("pyconvlite-", "pyconvlite_dezero-")
BASE, PYODIDE, PYODIDE_29, PYODIDE_27 = (
    f"dist/pyodide{suffix}" for suffix in ("-base", "", "-0.29", "-0.27")
)
NPM = "node_modules/.package-lock.json"
BENCH_NPM = f"benchmarks/{NPM}"
PEERS = "dist/peers"
PAGES = "dist/site/index.html"
PYODIDE_CLI = ".venv-pyodide/bin/pyodide"
LITE_CLI = ".venv-lite/bin/jupyter-lite"
SITE_PYODIDE, SITE_MNIST, SITE_WEIGHTS, SITE_LITE, SITE_DOCS = (
    f"dist/site/{folder}" for folder in ("pyodide", "mnist", "weights", "lite", "docs")
)

DISTRIBUTION = [
    f"tools/{name}"
    for name in ("fetch.py", "pyodide_dist.py", "pypi-wheels.txt", "bytecode.mjs", "bytecode_inside.py")
]
PARTS = ("layers", "models", "optimizers", "datasets", "dataloaders", "utils", "_traced")
IMPORTED = ["numpy", "numpy.random", "pyconvlite", *(f"pyconvlite.{part}" for part in PARTS)]  # by pages
SUITE = ["micropip", "numpy", "numpy.testing", "pytest", "pytest_asyncio"]  # what each run of pytest imports


def make(*outputs: str) -> None:
    """Make the outputs that are out of date, and their dependencies.

    Raises:
        BuildError: something could not be made; why has been printed.
    """
    with alone():
        run_doit(_tasks, outputs, {"dep_file": str(STAMPS / "doit.db")})


def run_doit(
    tasks: Callable[[], Iterator[dict[str, Any]]], names: Sequence[str], settings: dict[str, Any]
) -> None:
    """Have doit run some of the tasks.

    Raises:
        BuildError: one of them failed; why has been printed.
    """
    config = {
        "backend": "sqlite3",
        "verbosity": 2,
        "reporter": "error-only",
        "outfile": sys.stderr,
        **settings,
    }
    loader = ModuleTaskLoader({"DOIT_CONFIG": config, "task_all": tasks})
    if run_tasks(loader, {name: {} for name in names}):
        raise BuildError


def write_distribution(folder: str, *packages: str, compiled: Sequence[str] = ()) -> None:
    """Write a Pyodide folder in which pytest runs.

    Args:
        folder: where.
        packages: what it holds besides NumPy and micropip, and options of tools.pyodide_dist.
        compiled: modules whose import is to be fast.
    """
    run(PYTHON, "-m", "tools.pyodide_dist", folder, "numpy", "micropip", *packages)
    if compiled:
        _compile(folder, *compiled)


def _compile(folder: str, *modules: str) -> None:
    run(programs.find_node(), "tools/bytecode.mjs", folder, *modules)


def _tasks() -> Iterator[dict[str, Any]]:
    sources = [
        *_files("pyconvlite"),
        "hatch_build.py",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "tools/sbom.py",
    ]
    yield _output(WHEEL, sources, _wheel)
    yield _output(DEZERO_WHEEL, _files("packages/dezero"), _dezero_wheel)
    yield _output(NPM, ["package.json", "package-lock.json"], run, "npm", "ci", "--loglevel=error")
    needs = "requirements/pyodide-build.txt"
    yield _output(PYODIDE_CLI, [needs], _environment, ".venv-pyodide", "12", needs)
    yield from _distributions()
    yield from _site()
    yield from _peers()


def _distributions() -> Iterator[dict[str, Any]]:
    suite = _pinned("hypothesis")
    # Folders of older Pyodides are used once or twice in a run of the tests: compiling would not pay.
    for folder, compiled, *packages in (
        (BASE, SUITE),
        (PYODIDE, [*SUITE, "hypothesis.extra.numpy", "scipy.signal"], suite, "scipy", "pillow", "protobuf"),
        (PYODIDE_29, [], suite, "protobuf", "--version", "0.29.0"),  # no registry has SciPy or Pillow for it
        (PYODIDE_27, [], suite, "scipy", "protobuf", "--version", "0.27.7"),
    ):
        holds = *runner(), *packages
        yield _output(folder, DISTRIBUTION, write_distribution, folder, *holds, compiled=compiled)


def _site() -> Iterator[dict[str, Any]]:
    # The pages load numpy and the wheel; the notebooks' kernel is made of ipython, comm and micropip;
    # ONNX files need protobuf.
    packages = ["numpy", WHEEL, DEZERO_WHEEL, "matplotlib", "tqdm", "ipython", "comm", "micropip", "protobuf"]
    sources = [*DISTRIBUTION, "tools/installed.py", WHEEL, DEZERO_WHEEL]
    yield _output(SITE_PYODIDE, sources, _site_pyodide, *packages)
    write = [PYTHON, "-m", "tools.mnist", SITE_MNIST]
    yield _output(
        SITE_MNIST, ["tools/fetch.py", "tools/mnist.py", "pyconvlite/datasets/mnist.py"], run, *write
    )
    write = [PYTHON, "-m", "tools.efficientnet", SITE_WEIGHTS]
    sources = [
        "tools/fetch.py",
        "tools/efficientnet.py",
        "pyconvlite/_safetensors.py",
        "pyconvlite/_torch.py",
    ]
    yield _output(SITE_WEIGHTS, sources, run, *write)
    needs = "requirements/lite.txt"
    yield _output(LITE_CLI, [needs], _environment, ".venv-lite", "11", needs)
    shared = ["site/src/app/first-paint.js", "site/src/styles/base.css"]
    sources = [*_files("site/lite"), *shared, "tools/inline.py", "tools/lite.py", LITE_CLI]
    yield _output(SITE_LITE, sources, run, PYTHON, "-m", "tools.lite", SITE_LITE, LITE_CLI)
    # The build itself writes docs/reference.
    guides = [path for path in _files("docs") if not path.startswith("docs/reference/")]
    tools = [f"tools/{name}.py" for name in ("docs", "docs_ja", "inline", "operations")]
    # The table of operations depends on the tests of the device.
    shown = [*_files("tests/gpu"), "site/src/icon.svg"]
    sources = [*guides, *_files("pyconvlite"), *tools, *shown]
    yield _output(SITE_DOCS, sources, run, PYTHON, "-m", "tools.docs", SITE_DOCS)
    sources = [
        *_files("site"),
        *map(str, Path("benchmarks").glob("*.py")),
        "package-lock.json",
        "tools/site_size.py",
    ]
    made = [_stamp(output) for output in (NPM, SITE_PYODIDE, SITE_MNIST, SITE_WEIGHTS, SITE_DOCS)]
    pages = _output(PAGES, [*sources, *made], _pages)
    yield pages | {"task_dep": [SITE_LITE], "uptodate": [config_changed(os.environ.get("SITE_URL", ""))]}


def _peers() -> Iterator[dict[str, Any]]:
    needs = "benchmarks/requirements.txt"
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
    yield _output(PEERS, [needs], run, *pip, "--target", PEERS, "-r", needs)
    lock = ["benchmarks/package.json", "benchmarks/package-lock.json"]
    npm = ["npm", "ci", "--prefix", "benchmarks", "--loglevel=error"]
    yield _output(BENCH_NPM, lock, run, *npm)


def _output(
    output: str, inputs: list[str], action: Callable[..., None], *arguments: str, **options: Any
) -> dict[str, Any]:
    """Describe an output and its inputs to doit; it is complete when its stamp exists."""
    return {
        "basename": output,
        "file_dep": inputs,
        "targets": [output, _stamp(output)],
        "uptodate": [config_changed(repr((arguments, options)))],
        "actions": [(_make, [output, action, *arguments], options)],
        "io": {"capture": False},
    }


def _make(output: str, action: Callable[..., None], *arguments: str, **options: Any) -> TaskFailed | None:
    say(f"-- making {output}")
    stamp = Path(_stamp(output))
    stamp.unlink(missing_ok=True)
    try:
        action(*arguments, **options)
    except (BuildError, CalledProcessError) as error:
        return TaskFailed(str(error))
    stamp.write_text(str(time.time_ns()))  # new contents, so that outputs that depend on it are rebuilt
    return None


def _stamp(output: str) -> str:
    return str(STAMPS / output.replace("/", "-"))


def _files(folder: str) -> list[str]:
    paths = sorted(Path(folder).rglob("*"))
    # In __pycache__, running tests write files that exist for a moment.
    return [str(path) for path in paths if path.is_file() and "__pycache__" not in path.parts]


def runner() -> list[str]:
    """Return the packages that pytest needs in a Pyodide folder."""
    return [_pinned("pytest"), _pinned("pytest-asyncio")]


def _pinned(name: str) -> str:
    """Return NAME==VERSION of the dev group, so that CPython and Pyodide test with the same release."""
    group: list[str] = PROJECT["dependency-groups"]["dev"]
    return next(requirement for requirement in group if requirement.startswith(f"{name}=="))


def _wheel() -> None:
    _build_wheel(".", "pyconvlite-*.whl")
    run(PYTHON, "-m", "tools.sbom", WHEEL)


def _dezero_wheel() -> None:
    _build_wheel("packages/dezero", "pyconvlite_dezero-*.whl")


def _build_wheel(project: str, earlier: str) -> None:
    for old in Path("dist").glob(earlier):
        old.unlink()
    # by the tools of requirements/dev.txt, whose hashes were checked: [build-system] cannot hold hashes
    build = ["--no-build-isolation", "--no-deps", "--wheel-dir", "dist", project]
    run(PYTHON, "-m", "pip", "wheel", "--quiet", *build)


def _environment(folder: str, minor: str, requirements: str) -> None:
    python = environment.find_python(int(minor))
    if python is None:
        raise BuildError(f"install Python 3.{minor} or newer with venv")
    environment.make(folder, python, requirements)


def _site_pyodide(*packages: str) -> None:
    run(PYTHON, "-m", "tools.pyodide_dist", SITE_PYODIDE, *packages)
    _compile(SITE_PYODIDE, *IMPORTED)
    run(PYTHON, "-m", "tools.installed", SITE_PYODIDE, "numpy", "pyconvlite")  # what every page imports


def _pages() -> None:
    run(programs.find_node(), "node_modules/vite/bin/vite.js", "build", "site", "--logLevel", "warn")
    run(PYTHON, "-m", "tools.site_size", "dist/site")
