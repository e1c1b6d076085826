"""Which Python tests a change touches, for `./build.sh test quick`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from tools.build.process import ROOT

TESTS = Path("tests")
# Where nothing maps to a test: a few of each layer of the package.
SMOKE = ("test_package", "test_functions_linalg", "test_layers_stateless", "test_models_small")


def tests() -> list[str]:
    """Return the test files that the changes since main touch, or a few where they touch none.

    A change is a commit that main lacks, or what is not committed.
    """
    (base,) = _git("merge-base", "HEAD", _main())
    changed = [*_git("diff", "--name-only", base), *_git("ls-files", "--others", "--exclude-standard")]
    found = tests_of(changed)
    return found or [f"{TESTS}/{name}.py" for name in SMOKE]


def tests_of(changed: Iterable[str]) -> list[str]:
    """Return the test files of changed files, such as test_functions_pooling.py to functions/pooling.py."""
    found: set[Path] = set()
    for path in map(PurePosixPath, changed):
        if path.suffix != ".py" or not path.parts[1:]:
            continue
        if path.parent == PurePosixPath(TESTS):
            found |= _naming(path)
        elif path.parts[0] in ("pyconvlite", "tools", "site"):
            found |= _mirroring(path)
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def _naming(path: PurePosixPath) -> set[Path]:
    """A test file itself, or the test files that import a helper module."""
    if path.name.startswith("test_"):
        return {file for file in [ROOT / path] if file.exists()}
    name = re.compile(rf"^(?:from|import) .*\b{path.stem}\b", re.MULTILINE)
    return {file for file in (ROOT / TESTS).glob("test_*.py") if name.search(file.read_text("utf-8"))}


def _mirroring(path: PurePosixPath) -> set[Path]:
    """The tests of a module by its name, or else those of the package that it is in."""
    package = path.parts[0]
    own = {"pyconvlite": "", "tools": "tools_", "site": "site_"}[package]
    parts = [part.strip("_") for part in path.with_suffix("").parts[1:] if part not in ("__init__", "python")]
    found: set[Path] = set()
    while parts:
        # pyconvlite/backends/simd/conv.py: backends_simd_conv, simd_conv, conv
        for start in range(len(parts)):
            name = "_".join(parts[start:])
            found |= _named(own + name)
            if start == 0 and parts[:2] == ["backends", "numpy"]:  # the Functions and optimizers call them
                found |= _named(f"functions_{parts[-1]}") | _named(f"{parts[-1]}s")
            if found and not (start and _is_module(package, name)):
                return found
        parts.pop()
    return found


def _named(name: str) -> set[Path]:
    """The test files of a name, such as test_conv.py and test_conv_scipy.py of conv."""
    return {*(ROOT / TESTS).glob(f"test_{name}.py"), *(ROOT / TESTS).glob(f"test_{name}_*.py")}


def _is_module(package: str, name: str) -> bool:
    """Whether a module directly in the package has this name, and so the tests too."""
    files = [f"{prefix}{name}{suffix}" for prefix in ("", "_") for suffix in ("", ".py")]
    return any((ROOT / package / file).exists() for file in files)


def _main() -> str:
    """Return the branch to compare with: main, as it is here or as it was fetched."""
    branches = _git("for-each-ref", "--format=%(refname)", "refs/heads/main", "refs/remotes/origin/main")
    return branches[0] if branches else "HEAD"


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()
