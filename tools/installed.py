"""Write packages of a Pyodide folder as they look when installed, for pages to unpack.

Pyodide unpacks a wheel in Python and then loads each of its shared libraries, needed or not: for NumPy that
takes longer than its import. A browser decompresses gzip in the background while Pyodide starts.

The file `installed.gz` is gzipped: a line of JSON, and then the contents of all files one after the other.
The line has `packages`, their names, and `files`, pairs of a path below site-packages and a length in bytes.

Usage: python -m tools.installed FOLDER PACKAGE...
"""

from __future__ import annotations

import gzip
import json
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

NAME = "installed.gz"

# Files that Pyodide itself adds to `.dist-info` when it installs a package of its folder.
NOTED = {"INSTALLER": b"pyodide.loadPackage", "PYODIDE_SOURCE": b"pyodide"}


def write(folder: Path, names: Iterable[str]) -> None:
    """Write `installed.gz` beside the wheels: these packages, and their dependencies.

    Args:
        folder: a Pyodide folder.
        names: names of packages in the folder's lock.
    """
    packages = json.loads((folder / "pyodide-lock.json").read_text("utf-8"))["packages"]
    wanted = list(names)
    for name in wanted:
        wanted += [need for need in packages[name]["depends"] if need not in wanted]
    files: dict[str, bytes] = {}
    for name in wanted:
        files |= _members(folder / packages[name]["file_name"])
    head = {"packages": wanted, "files": [(path, len(content)) for path, content in files.items()]}
    line = json.dumps(head, separators=(",", ":")).encode() + b"\n"
    # without a date: the same file from the same wheels
    (folder / NAME).write_bytes(gzip.compress(line + b"".join(files.values()), 9, mtime=0))


def _members(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        files = {each.filename: archive.read(each) for each in archive.infolist() if not each.is_dir()}
    information = {path.split("/")[0] for path in files if ".dist-info/" in path}
    return files | {f"{folder}/{name}": content for folder in information for name, content in NOTED.items()}


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2:])
