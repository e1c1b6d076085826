"""Downloads, in CPython and in the browser, and the folder where they are kept."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from . import _platform

__all__ = ["cache_dir", "fetch", "get_file"]


def fetch(url: str) -> bytes:
    """Contents of the file at an address.

    Raises:
        FileNotFoundError: the server has no such file.
        OSError: it cannot be reached, or does not give the file out.

    Example:
        >>> fetch("data:,Hello")
        b'Hello'
    """
    status, contents = _platform.get(url)
    if status == 404:
        raise FileNotFoundError(f"there is no file at {url}")
    if status != 200:
        raise OSError(f"{url} was answered with status {status}")
    return contents


def cache_dir() -> Path:
    """Folder of fetched files, each at `<sha256>/<name>`; it need not exist.

    `PYCONVLITE_CACHE` names it; otherwise `pyconvlite` in `XDG_CACHE_HOME`, or in `~/.cache`.

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
    """Fetch a file, unless an earlier call has; return its path.

    It lies in `cache_dir()`, in a folder that the sha256 of the address names. What it holds is not checked.

    Args:
        url: address of the file.
        file_name: its name here; None takes the address's last part.

    Raises:
        ValueError: no name, or one with a folder in it.
        FileNotFoundError: the server has no such file.
        OSError: it cannot be reached.

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
        unfinished.replace(path)  # so that half a file is never found
    return str(path)
