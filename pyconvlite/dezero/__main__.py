"""Run a script with pyconvlite in DeZero's place.

Usage: python -m pyconvlite.dezero SCRIPT [ARGUMENT...]
"""

from __future__ import annotations

import os
import runpy
import sys

import pyconvlite.dezero


def main() -> None:
    """Run the script as Python itself would: its folder first on the path, its arguments in `sys.argv`."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m pyconvlite.dezero SCRIPT [ARGUMENT...]")
    del sys.argv[0]
    if not os.path.exists(sys.argv[0]):
        sys.exit(f"can't open {sys.argv[0]!r}: there is no such file")
    if not sys.flags.safe_path:  # with it, Python does not put the caller's folder first
        sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
