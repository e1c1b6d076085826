"""Lint and formatting: the tables of the programs that do it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tools.build.process import PYTHON

# Each is one check of the tier lint, a command of the shell that passes by its exit status.
CHECKERS = (
    f"{PYTHON} -m mypy",
    f"{PYTHON} -m tools.kernel_types",
    "PYTHONPATH=site/python .venv/bin/lint-imports",
    f"{PYTHON} -m ruff check",
    f"{PYTHON} -m ruff format --check",
    ".venv/bin/clang-format --dry-run -Werror pyconvlite/backends/simd/*.[ch]",
    ".venv/bin/shellcheck build.sh .ci/run",
    "npx biome check --error-on-warnings",
    "npx tsc -p tools",
    "npx svelte-check --tsconfig site/tsconfig.json --fail-on-warnings",
    "npx tsc -p benchmarks",
    "npx tsc -p tests/firefox",
)
# What `./build.sh format` runs, one after the other.
FORMATTERS = (
    f"{PYTHON} -m ruff check --fix",
    f"{PYTHON} -m ruff format",
    "npx biome check --write",
    ".venv/bin/clang-format -i pyconvlite/backends/simd/*.[ch]",
)


def check(write: Callable[[str], object] = sys.stdout.write) -> tuple[int, int]:
    """Run all checkers, write what each says under its name, and return how many passed and failed."""
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for checker, done in zip(CHECKERS, pool.map(_run, CHECKERS), strict=True):
            failed += done.returncode != 0
            write(f"-- {checker}\n{done.stdout}")
    return len(CHECKERS) - failed, failed


def reformat() -> int:
    """Run all formatters; return 1 where one failed, else 0."""
    return max(subprocess.run(formatter, shell=True, check=False).returncode != 0 for formatter in FORMATTERS)


def _run(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
