"""Verified downloads from npm, PyPI and plain URLs into the cache.

A fetched file is moved to `<cache>/<sha256>/<name>` by one rename after its hash was checked, so that files
there are always complete. Interrupted work leaves at most an `.unfinished-*` folder, which is ignored.

Pooch would replace ten lines of `from_url` at the cost of six more packages. Its errors do not distinguish a
host that cannot be reached, for which another source is tried, from a download that stalls.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple


class FetchError(Exception):
    """A file could not be fetched, or is not the expected one; the message names it."""


class Archive(NamedTuple):
    """A package of a registry of which only some members are wanted.

    Attributes:
        registry: "npm" or "PyPI".
        spec: the package as the registry's client names it, with its version.
        sha256: of the archive; None if it is not known, which costs a download each time.
        members: shell patterns of the wanted members' paths (`*` also takes `/`).
    """

    registry: str
    spec: str
    sha256: str | None
    members: tuple[str, ...]


def say(message: str) -> None:
    """Print a message to the user."""
    print(message, file=sys.stderr, flush=True)


def cache_dir() -> Path:
    """Return the cache's folder, as `pyconvlite.utils.cache_dir` does, without importing NumPy."""
    own = os.environ.get("PYCONVLITE_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / "pyconvlite"


def sha256_of(path: Path) -> str:
    """Return the hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(path: Path, sha256: str) -> None:
    """Raise FetchError unless the file has the expected hash."""
    if (got := sha256_of(path)) != sha256:
        raise FetchError(f"{path.name}: wrong hash\n  wanted sha256 {sha256}\n  got           {got}")


def cached(sha256: str, name: str) -> Path | None:
    """Return the cached file, or None if it is missing or no longer has its hash."""
    path = cache_dir() / sha256 / name
    return path if path.is_file() and sha256_of(path) == sha256 else None


def keep(path: Path, sha256: str | None = None) -> Path:
    """Move a finished file into the cache, after checking its hash if one is given.

    Args:
        path: a file in a folder of `workspace()`.
        sha256: the hash that it must have; None accepts any.

    Returns:
        Its place in the cache.

    Raises:
        FetchError: a wrong hash; the cache stays as it was.
    """
    if sha256 is None:
        sha256 = sha256_of(path)
    else:
        check(path, sha256)
    place = cache_dir() / sha256 / path.name
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, place)
    return place


@contextmanager
def workspace() -> Iterator[Path]:
    """Make a temporary folder on the cache's file system."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=cache_dir()) as folder:
        yield Path(folder)


def from_url(url: str, sha256: str, timeout: float = 5.0) -> Path:
    """Return the file at a URL, from the cache if it is there.

    Args:
        url: its last part names the file.
        sha256: the hash that it must have.
        timeout: seconds for the connection and for each read.

    Raises:
        OSError: the host or the file cannot be reached (urllib's own errors); nothing was transferred.
        FetchError: the transfer broke off, or the hash is wrong.
    """
    name = PurePosixPath(url).name
    if path := cached(sha256, name):
        return path
    with workspace() as folder, urllib.request.urlopen(url, timeout=timeout) as response:
        say(f"fetching {url}")
        unfinished = folder / name
        wanted = response.headers.get("Content-Length")
        try:
            with unfinished.open("wb") as file:
                shutil.copyfileobj(response, file)
        except (OSError, HTTPException) as error:
            raise FetchError(f"{name}: the download broke off ({error!r})") from error
        if wanted is not None and unfinished.stat().st_size != int(wanted):
            raise FetchError(
                f"{name}: the download broke off after {unfinished.stat().st_size} of {wanted} bytes"
            )
        return keep(unfinished, sha256)


def from_pypi(requirement: str, sha256: str | None = None, options: Sequence[str] = ()) -> Path:
    """Return the wheel that pip picks for a requirement, in the cache, without its dependencies.

    Args:
        requirement: as pip reads it, such as `hypothesis==6.155.7`.
        sha256: the hash that it must have; None relies on pip's own checks.
        options: further options of `pip download`, such as the target platform.

    Raises:
        FetchError: pip found or got no such wheel, or the hash is wrong.
    """
    if sha256:
        for path in (cache_dir() / sha256).glob("*.whl"):
            if cached(sha256, path.name):
                return path
    with workspace() as folder:
        return keep(_pip_download(requirement, folder, ["--quiet", *options]), sha256)


def members(archive: Archive) -> dict[str, Path]:
    """Return the wanted members of an archive, each in the cache under its own hash.

    The archive itself is not kept, only its table of contents, by which later calls find the members.

    Returns:
        The members' places in the cache by their paths inside the archive.

    Raises:
        FetchError: the archive cannot be fetched, or its hash is wrong.
    """
    contents = cache_dir() / archive.sha256 / "members.json" if archive.sha256 else None
    if contents and contents.is_file():
        hashes = json.loads(contents.read_text())
        found = {name: cached(sha256, PurePosixPath(name).name) for name, sha256 in hashes.items()}
        if all(found.values()):
            return {name: path for name, path in found.items() if path}
    with workspace() as folder:
        download = _npm_pack if archive.registry == "npm" else _pip_download
        say(f"fetching {archive.spec} from {archive.registry}")
        package = download(archive.spec, folder)
        if archive.sha256:
            check(package, archive.sha256)
        kept = {name: keep(path) for name, path in _extract(package, archive.members, folder / "members")}
        if contents:
            contents.parent.mkdir(exist_ok=True)
            unfinished = folder / contents.name
            hashes = {name: path.parent.name for name, path in kept.items()}
            unfinished.write_text(json.dumps(hashes, indent=1))
            os.replace(unfinished, contents)
    return kept


def _npm_pack(spec: str, folder: Path) -> Path:
    return _client(["npm", "pack", "--loglevel=error", spec], spec, "npm", folder, "*.tgz")


def _pip_download(
    requirement: str,
    folder: Path,
    # An archive is fetched for its members: its requirements do not matter, and pip need not cache it, too.
    options: Sequence[str] = ("--ignore-requires-python", "--no-cache-dir"),
) -> Path:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
    command += ["--no-deps", "--only-binary=:all:", *options, requirement]
    return _client(command, requirement, "PyPI", folder, "*.whl")


def _client(command: list[str], spec: str, registry: str, folder: Path, pattern: str) -> Path:
    """Run a registry's own client in a folder and return the file that it wrote there."""
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=2, check=False)
    files = list(folder.glob(pattern))
    if done.returncode or len(files) != 1:
        raise FetchError(f"{spec}: could not be fetched from {registry} (its client says why above)")
    return files[0]


def _extract(package: Path, patterns: tuple[str, ...], folder: Path) -> Iterator[tuple[str, Path]]:
    """Write the members that match a pattern into a folder, one after the other; yield (name, file)."""
    folder.mkdir()
    # Not by extractall: only the last part of a name inside the archive may be used as a path.
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            for name in wheel.namelist():
                if _matches(name, patterns):
                    yield name, _write(wheel.open(name), folder / PurePosixPath(name).name)
    else:
        with tarfile.open(package) as tarball:
            for entry in tarball:
                if _matches(entry.name, patterns) and (source := tarball.extractfile(entry)):
                    yield entry.name, _write(source, folder / PurePosixPath(entry.name).name)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _write(source: IO[bytes], path: Path) -> Path:
    with source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return path
