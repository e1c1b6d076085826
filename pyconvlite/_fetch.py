"""Downloads, in CPython and in the browser, and their cache folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from . import _platform

__all__ = ["cache_dir", "fetch", "get_file"]


def fetch(url: str) -> bytes:
    """Contents of the file at a URL.

    Raises:
        FileNotFoundError: the server has no such file.
        OSError: the server cannot be reached, or refuses the request.

    Example:
        >>> fetch("data:,Hello")
        b'Hello'
    """
    status, contents = _platform.get(url)
    if status == 404:
        raise FileNotFoundError(f"there is no file at {url}")
    if status != 200:
        raise OSError(f"{url} cannot be fetched: the server returned status {status}")
    return contents


def cache_dir() -> Path:
    """Folder of downloaded files, each at `<sha256>/<name>`; it may not exist yet.

    It is the environment variable `PYCONVLITE_CACHE`, or `pyconvlite` in `XDG_CACHE_HOME` or `~/.cache`.

    Example:
        >>> cache_dir().is_absolute()
        True
    """
    own = os.environ.get("PYCONVLITE_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "pyconvlite"


def get_file(url: str, file_name: str | None = None) -> str:
    """Download a file to the cache, unless it is there already, and return its path.

    The file is in `cache_dir()`, in a folder named by the sha256 of the URL. Its contents are not verified.

    Args:
        url: address of the file.
        file_name: name of the file in the cache; None for the last part of the URL.

    Raises:
        ValueError: `file_name` is empty or contains a folder.
        FileNotFoundError: the server has no such file.
        OSError: the server cannot be reached, or refuses the request.

    Example:
        >>> get_file("https://example.com/")
        Traceback (most recent call last):
        ValueError: file_name must be a name without folders; got ''
    """
    name = url.rpartition("/")[2] if file_name is None else file_name
    if name in ("", ".", "..") or Path(name).name != name:
        raise ValueError(f"file_name must be a name without folders; got {name!r}")
    path = cache_dir() / hashlib.sha256(url.encode()).hexdigest() / name
    if not path.exists():
        contents = fetch(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{name}.{os.getpid()}.tmp")
        unfinished.write_bytes(contents)
        unfinished.replace(path)  # atomic, so that an incomplete file is never used
    return str(path)
