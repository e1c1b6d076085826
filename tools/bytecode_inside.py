"""What `bytecode.mjs` runs inside Pyodide: compile what an import loads, and store the bytecode."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import py_compile
import site
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path, PurePosixPath
from zipimport import zipimporter

STDLIB = "python_stdlib.zip"


def main(folder: str, modules: Iterable[str]) -> None:
    """Import modules, and put the bytecode of all modules loaded by then into the folder's archives.

    The sources stay, for tracebacks and `inspect`. The hashes in the lock are updated.

    Args:
        folder: a Pyodide folder, of which this Pyodide has loaded all packages.
        modules: names of the modules to import.
    """
    for name in modules:
        importlib.import_module(name)
    lock_file = Path(folder, "pyodide-lock.json")
    lock = json.loads(lock_file.read_text())
    wheels = {entry["file_name"]: entry for entry in lock["packages"].values()}
    for archive, compiled in _by_archive(Path(folder), wheels).items():
        with zipfile.ZipFile(archive, "a") as members:
            for name, data in sorted(compiled.items()):
                # without a date: the same archive from the same sources
                members.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, compresslevel=9)
        if archive.name in wheels:
            wheels[archive.name]["sha256"] = hashlib.sha256(archive.read_bytes()).hexdigest()
    lock_file.write_text(json.dumps(lock, indent=1) + "\n")


def _by_archive(folder: Path, wheels: Iterable[str]) -> dict[Path, dict[str, bytes]]:
    """Compile the loaded modules; return the members to add to each archive."""
    owners = {name: folder / wheel for wheel in wheels for name in zipfile.ZipFile(folder / wheel).namelist()}
    packages = PurePosixPath(site.getsitepackages()[0])
    found: dict[Path, dict[str, bytes]] = defaultdict(dict)
    for source, loader in _sources():
        if isinstance(loader, zipimporter):
            # the standard library's, which Pyodide imports from its archive without unpacking it
            found[folder / STDLIB][f"{source.relative_to(loader.archive)}c"] = _compiled(source, loader)
        elif source.is_relative_to(packages) and (name := str(source.relative_to(packages))) in owners:
            found[owners[name]][importlib.util.cache_from_source(name)] = _compiled(source, loader)
    return found


def _sources() -> Iterator[tuple[PurePosixPath, zipimporter | SourceFileLoader]]:
    """Find the source of each module that is loaded, and what has loaded it."""
    for module in list(sys.modules.values()):
        spec = getattr(module, "__spec__", None)
        if spec and spec.origin and isinstance(spec.loader, zipimporter | SourceFileLoader):
            yield PurePosixPath(spec.origin), spec.loader


def _compiled(source: PurePosixPath, loader: zipimporter | SourceFileLoader) -> bytes:
    """Return the contents of a .pyc file that ignores the source's date, since both lie in one archive."""
    with tempfile.TemporaryDirectory() as folder:
        text, compiled = Path(folder, "source.py"), Path(folder, "source.pyc")
        text.write_bytes(loader.get_data(str(source)))
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(text), str(compiled), str(source), doraise=True, invalidation_mode=mode)
        return compiled.read_bytes()
