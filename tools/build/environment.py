"""Virtual environments, by the standard library alone: the first one is made before anything is installed.

Usage: python -m tools.build.environment FOLDER REQUIREMENTS
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PIP = "requirements/pip.txt"


def find_python(minor: int) -> str | None:
    """Return the first Python >= 3.`minor` with venv, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    names = ["python3", *(f"python3.{number}" for number in range(minor, 21)), "python"]
    for python in [*names, *map(str, sorted(pyenv.glob("versions/*/bin/python3")))]:
        test = f"import ensurepip, sys, venv; sys.exit(sys.version_info < (3, {minor}))"
        if _runs(python, "-c", test):
            return python
    return None


def _runs(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make(folder: str, python: str, requirements: str) -> None:
    """Make a virtual environment unless it exists, and install the requirements of a file, with their hashes.

    One without pip, whose making was killed, is made anew.

    Raises:
        subprocess.CalledProcessError: venv or pip failed; it has printed why.
    """
    inside = str(Path(folder, "bin", "python"))
    if not _runs(inside, "-m", "pip", "--version"):
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
    # Most of it is never imported; Python compiles the rest at the first import.
    options = ["--disable-pip-version-check", "--require-hashes", "--no-compile"]
    install = [inside, "-m", "pip", "install", *options]
    if not sys.stdout.isatty():  # at a terminal pip shows its progress
        install.append("--quiet")
    for file in (PIP, requirements):
        subprocess.run([*install, "-r", file], check=True)


if __name__ == "__main__":
    try:
        make(sys.argv[1], sys.executable, sys.argv[2])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
