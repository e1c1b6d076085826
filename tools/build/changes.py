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
    own = {"pyconvlite": "", "tools": "tools_", "site": "site_"}[path.parts[0]]
    parts = [part.strip("_") for part in path.with_suffix("").parts[1:] if part not in ("__init__", "python")]
    while parts:
        # pyconvlite/backends/simd/conv.py: backends_simd_conv, simd_conv, conv
        names = ["_".join(parts[start:]) for start in range(len(parts))]
        for name in names:
            if found := set((ROOT / TESTS).glob(f"test_{own}{name}*.py")):
                return found
        parts.pop()
    return set()


def _main() -> str:
    """Return the branch to compare with: main, as it is here or as it was fetched."""
    branches = _git("for-each-ref", "--format=%(refname)", "refs/heads/main", "refs/remotes/origin/main")
    return branches[0] if branches else "HEAD"


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()
