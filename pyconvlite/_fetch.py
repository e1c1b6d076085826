"""Downloads, in CPython and in the browser, and their cache folder."""

from __future__ import annotations

import hashlib
import os
import re
from io import BufferedReader
from pathlib import Path

from . import _platform
from ._files import is_url, replacing

__all__ = ["cache_dir", "checked_name", "download", "get_file", "opened", "site"]

_PART = 1 << 18  # bytes that are copied at a time
_MOST = 1 << 31  # bytes of the largest file in the cache


def opened(url: str) -> BufferedReader:
    """Open the file at a URL to read it; close it afterwards.

    Reading raises OSError if the connection breaks.

    Raises:
        ValueError: the URL does not start with http:, https: or data:.
        FileNotFoundError: the server has no such file.
        OSError: the server cannot be reached, or refuses the request.

    Example:
        >>> with opened("data:,Hello") as file:
        ...     file.read()
        b'Hello'
    """
    return _request(url)[0]


def _request(url: str) -> tuple[BufferedReader, bool]:
    """The body of the response, and whether the server says where it ends."""
    if not is_url(url):
        raise ValueError(f"url must start with http:, https: or data:; got {url!r}")
    status, body, bounded = _platform.get(url)
    if status == 200:
        return BufferedReader(body, _PART), bounded
    body.close()
    if status == 404:
        raise FileNotFoundError(f"there is no file at {url}")
    raise OSError(f"{url} cannot be fetched: the server returned status {status}")


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


def get_file(url: str, file_name: str | None = None, *, sha256: str | None = None) -> str:
    """Download a file to the cache, unless it is there already, and return its path.

    With `sha256`, the contents are verified at each call, and a file that has changed is downloaded again;
    it is in the folder of `cache_dir()` that is named so. Without it the contents are not verified, the
    folder is named by the sha256 of the URL, and a response that does not say where it ends is refused,
    since it may be incomplete (a browser does not let Python see that).

    Args:
        url: the file's URL: http:, https: or data:.
        file_name: name of the file in the cache; None for the last part of the URL.
        sha256: sha256 of the file, 64 hexadecimal digits.

    Raises:
        ValueError: `file_name` is empty or contains a folder, `sha256` does not have 64 hexadecimal digits,
            the URL has another scheme, or the file does not have the sha256.
        FileNotFoundError: the server has no such file.
        OSError: the server cannot be reached, refuses the request, or sends more than 2 GiB.

    Example:
        >>> get_file("https://example.com/")
        Traceback (most recent call last):
        ValueError: the URL https://example.com/ has no file name; pass file_name
    """
    name = checked_name(url, file_name)
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise ValueError(f"sha256 must have 64 hexadecimal digits; got {sha256!r}")
    folder = cache_dir() / (sha256.lower() if sha256 else hashlib.sha256(url.encode()).hexdigest())
    path = folder / name
    if not (path.exists() and (sha256 is None or _sha256_of(path) == sha256.lower())):
        download(url, path, sha256)
    return str(path)


def checked_name(url: str, file_name: str | None) -> str:
    """`file_name`, or the last part of the URL's path if it is None.

    Raises:
        ValueError: it is empty or contains a folder.

    Example:
        >>> checked_name("https://example.com/a.npz?download=true", None)
        'a.npz'
    """
    from urllib.parse import urlsplit  # here, as few programs download

    name = urlsplit(url).path.rpartition("/")[2] if file_name is None else file_name
    if file_name is None and name == "":
        raise ValueError(f"the URL {url} has no file name; pass file_name")
    if name in ("", ".", "..") or Path(name).name != name:
        raise ValueError(f"file_name must be a name without folders; got {name!r}")
    return name


def site() -> str:
    """Address of the site whose notebook this is, where JupyterLite is in its folder `lite`; else empty.

    Example:
        >>> site()
        ''
    """
    address, lite, _ = _platform.location().partition("/lite/")
    return address if lite else ""


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(url: str, path: Path, sha256: str | None = None) -> None:
    """Download a file to a path, whose folder is made; without `sha256` the contents are not verified.

    Raises:
        ValueError, FileNotFoundError, OSError: as in `get_file`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     download("data:,Hello", Path(folder, "a"))
        ...     Path(folder, "a").read_text()
        'Hello'
    """
    body, bounded = _request(url)
    with body:
        if not bounded and sha256 is None:
            raise OSError(
                f"{url} cannot be fetched: the server does not say how long the file is, so that it may be "
                "incomplete; pass its sha256"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            digest = hashlib.sha256()
            size = 0
            while part := body.read(_PART):
                size += len(part)
                if size > _MOST:
                    raise OSError(f"{url} cannot be fetched: it has more than {_MOST} bytes")
                digest.update(part)
                file.write(part)
            if sha256 is not None and digest.hexdigest() != sha256.lower():
                raise ValueError(f"{url} has sha256 {digest.hexdigest()}; expected {sha256}")
