"""Zip archives, read with checks of the sizes in their table of contents before any data.

A file may be hostile, so nothing is allocated that the file is too small to fill.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from ._coded import coded

if TYPE_CHECKING:
    from zipfile import ZipInfo

__all__ = ["DEEPEST", "PART", "Zip", "depth", "parsed", "unreadable"]

PART = 1 << 18  # bytes that are decompressed at a time; a multiple of every itemsize
DEEPEST = 100  # levels of JSON: in a browser, json overflows the stack at a few thousand
_OTHER = re.compile(r"[^][{}]+")
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_RATIO = 1032  # deflate's highest ratio of compression
_STORED, _DEFLATED = 0, 8


class Zip:
    """An archive opened for reading.

    Args:
        stream: seekable binary file object.
        title: the file's name for error messages.
        kind: name of the file's format for error messages, such as "npz".
        expected: about how many members it may have; its table of contents is bounded accordingly.

    Attributes:
        title: the file's name for error messages.
        members: the members by name.

    Raises:
        ValueError: it is not a zip archive, or sizes in it cannot be true.
    """

    def __init__(self, stream: BinaryIO, title: str, kind: str, expected: int) -> None:
        import zipfile  # here, as it is slow to import in a browser

        self.title = title
        self._kind = kind
        with self.refusing():
            self._zip = zipfile.ZipFile(_InParts(stream, PART + (1 << 10) * expected))
            infos = self._zip.infolist()
            self.members: dict[str, ZipInfo] = {info.filename: info for info in infos}
            if len(infos) != len(self.members):
                raise ValueError("a name in it occurs twice")
            if sum(info.compress_size for info in infos) > stream.seek(0, os.SEEK_END):
                raise ValueError("the sizes of its members exceed the size of the file")

    def open(self, name: str) -> BinaryIO:
        """Open a member to read it in parts; use it within `refusing`.

        Raises:
            ValueError: it cannot be read in bounded memory.
        """
        if name not in self.members:
            raise ValueError(f"it has no {name}")
        info = self.members[name]
        if info.flag_bits & 1:
            raise ValueError(f"{name} is encrypted")
        if info.compress_type not in (_STORED, _DEFLATED):
            raise ValueError(f"{name} is compressed by a method other than deflate")
        if info.file_size > (_RATIO * (info.compress_size + 1) if info.compress_type else info.compress_size):
            raise ValueError(f"the size given for {name} exceeds what its compressed data can hold")
        return self._zip.open(info)  # type: ignore[return-value]

    def start(self, name: str, most: int) -> bytes:
        """The first bytes of a member, at most `most`; use it within `refusing`."""
        with self.open(name) as stream:
            parts = []
            while most > 0 and (part := stream.read(min(most, PART))):
                parts.append(part)
                most -= len(part)
            return b"".join(parts)

    def contents(self, name: str, most: int) -> bytes:
        """Read a member of at most `most` bytes.

        Raises:
            ValueError: it is missing, damaged, or longer.
        """
        with self.refusing():
            data = self.start(name, most + 1)
            if len(data) > most:
                raise ValueError(f"{name} has more than {most} bytes")
            return data

    def json(self, name: str, most: int) -> Any:
        """Read a member of JSON, of at most `most` bytes.

        Raises:
            ValueError: it is missing, damaged, longer, or nested too deep.
        """
        data = self.contents(name, most)
        with self.refusing():
            return parsed(data, name)

    def refuse(self, reason: object, cause: BaseException | None = None) -> NoReturn:
        """Raise the ValueError which says that the file is damaged, or of another format."""
        raise unreadable(self.title, self._kind, reason) from cause

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Raise ValueError for what is wrong with a file: zipfile and zlib raise errors of many kinds."""
        try:
            yield
        except MemoryError:
            raise
        except OSError as error:
            if error.errno not in (None, errno.EINVAL):  # EINVAL: a seek to where there is no file
                raise
            self.refuse(error, error)
        except Exception as error:
            self.refuse(str(error) or "it is damaged", error)


def parsed(data: bytes, name: str, **options: Any) -> Any:
    """The value of a JSON text, which may have DEEPEST levels; ValueError if it has more."""
    text = data.decode()
    if depth(text) > DEEPEST:
        raise ValueError(f"{name} is nested too deep")
    return json.loads(text, **options)


def depth(text: str) -> int:
    """The number of levels of nested brackets in a JSON text."""
    brackets = _OTHER.sub("", _STRING.sub("", text)).encode()
    steps = map(_STEPS.__getitem__, brackets)
    return max(itertools.accumulate(steps, initial=0))


def unreadable(title: str, kind: str, reason: object) -> Exception:
    """The error which says that a file is damaged, or of another format."""
    error = ValueError(f"{title} is not a readable {kind} archive: {reason}")
    return coded(error, "archive-unreadable", file=title, kind=kind, reason=reason)


class _InParts:
    """A file that refuses to read much at once, as zipfile does for the whole table of contents."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream, self._most = stream, most
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, n: int = -1) -> bytes:
        if n > self._most:
            raise ValueError(f"its table of contents has {n} bytes; {self._most} are enough for it")
        return self._stream.read(n if n >= 0 else self._most)
