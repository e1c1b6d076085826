"""Reading the files of datasets: from a folder, a URL or bytes, gzipped or not."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .._fetch import opened
from .._files import is_url

Bytes = bytes | bytearray | memoryview
Place = str | os.PathLike[str]

_PART = 1 << 18  # bytes that are read at a time


@contextlib.contextmanager
def first_of(source: Place, spellings: Sequence[str]) -> Iterator[Contents]:
    """Open the first of several files that exists in a folder or under an `http(s)://` URL.

    Raises:
        TypeError: `source` is neither a folder nor a URL.
        FileNotFoundError: none of the files exists.
        OSError: the URL cannot be reached.

    Example:
        >>> with first_of("no such folder", ["a", "a.gz"]) as contents:
        ...     pass
        Traceback (most recent call last):
        FileNotFoundError: none of a, a.gz is in 'no such folder'
    """
    if not isinstance(source, str | os.PathLike):
        raise TypeError(
            "source must be a folder, an http(s):// URL, or a tuple with the contents of the files as "
            f"bytes; got {type(source).__name__}"
        )
    places: list[str] | list[Path]
    if is_url(source):
        places = [f"{source.rstrip('/')}/{spelling}" for spelling in spellings]
    else:
        places = [Path(source) / spelling for spelling in spellings]
    for place in places:
        try:
            file = place.open("rb") if isinstance(place, Path) else opened(place)
        except FileNotFoundError:
            continue
        with file:
            yield Contents(file, str(place))
        return
    raise FileNotFoundError(f"none of {', '.join(spellings)} is in {os.fspath(source)!r}")


class Contents:
    """Contents of a file, decompressed if they are gzipped, and read only as far as requested.

    Args:
        source: bytes, or a buffered binary file object.
        name: the file's name for error messages.

    Raises:
        TypeError: `source` is neither.

    Example:
        >>> contents = Contents(b"plain", "the file")
        >>> contents.read(3), contents.read(9)
        (b'pla', b'in')
    """

    def __init__(self, source: Any, name: str) -> None:
        if not isinstance(source, Bytes | io.BufferedReader):
            kind = type(source).__name__
            raise TypeError(f"{name} must be bytes, such as open(path, 'rb').read() returns; got {kind}")
        self.name = name
        self._source: Any = source
        self._at = 0
        self._damage: tuple[type[Exception], ...] = ()
        start = source.peek(2) if isinstance(source, io.BufferedReader) else source
        if bytes(start[:2]) == b"\x1f\x8b":
            import gzip  # here, as it is slow to import and only needed for gzipped files
            import zlib

            stream = source if isinstance(source, io.BufferedReader) else io.BytesIO(source)
            self._source = gzip.GzipFile(fileobj=stream)
            self._damage = (gzip.BadGzipFile, EOFError, zlib.error)

    def read(self, n: int) -> Bytes:
        """The next n bytes, or fewer at the end; a slice if the source is bytes and not gzipped.

        Raises:
            ValueError: the gzipped contents are damaged.
            OSError: the file cannot be read.
        """
        if isinstance(self._source, Bytes):
            self._at += n
            return self._source[self._at - n : self._at]
        contents = bytearray()
        try:
            while len(contents) < n and (part := self._source.read(min(n - len(contents), _PART))):
                contents += part
        except self._damage as error:
            raise ValueError(f"{self.name} is truncated or damaged: {error}") from error
        return contents
