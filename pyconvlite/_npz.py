"""npz archives: arrays of any name are written, and read with checks of the headers before any data.

A file may come from a stranger. So shapes are read without evaluating Python, nothing is allocated that the
file is too small to fill, and arrays are decompressed in parts into their final place.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, NoReturn

import numpy as np

from ._coded import coded
from ._files import BinaryFile
from ._shapes import Array

if TYPE_CHECKING:
    from zipfile import ZipInfo

__all__ = ["Archive", "Header", "opened", "write"]

_PART = 1 << 18  # bytes that are decompressed at a time; a multiple of every itemsize
_HEADER = 1 << 14  # bytes of the longest header of an array
_RATIO = 1032  # deflate's highest ratio of compression
_STORED, _DEFLATED = 0, 8
_OPEN = 1 << 26  # bytes of any array whose size nothing but the file tells
_OPEN_RATIO = 16  # and how often its compressed size a larger one may have; that of weights is about 1.1

# An npy header, such as {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
_FIELDS = re.compile(
    r"""\s*\{\s*(?:(?:
        ['"]descr['"]\s*:\s*['"](?P<descr>[<>|=]?[a-zA-Z?]\d*)['"]
        | ['"]fortran_order['"]\s*:\s*(?P<order>True|False)
        | ['"]shape['"]\s*:\s*\(\s*(?P<shape>(?:\d+L?\s*,\s*)*(?:\d+L?\s*)?)\)
    )\s*(?:,\s*|(?=\}))){3}\}\s*""",
    re.VERBOSE,
)


def write(file: BinaryIO, arrays: Mapping[str, Array], texts: Mapping[str, str] | None = None) -> None:
    """Write a compressed archive, the same bytes for the same contents.

    Args:
        file: binary file object.
        arrays: arrays by name; each is stored as `<name>.npy`, as NumPy does.
        texts: other members by name.

    Raises:
        ValueError: a name cannot be stored in a zip file.
    """
    import zipfile  # here, as it is slow to import in a browser and most programs save nothing

    def member(name: str) -> BinaryIO:
        info = zipfile.ZipInfo(name)
        if info.filename != name or len(name.encode()) > 0xFFFF:
            raise ValueError(f"{name[:80]!r} cannot be the name of an array in an npz archive; rename it")
        info.compress_type = zipfile.ZIP_DEFLATED
        return archive.open(info, "w", force_zip64=True)  # type: ignore[return-value]

    with zipfile.ZipFile(file, "w") as archive:
        for name, text in (texts or {}).items():
            with member(name) as stream:
                stream.write(text.encode())
        for name, array in arrays.items():
            with member(f"{name}.npy") as stream:
                np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)


class Header(NamedTuple):
    """What an archive says about an array.

    Attributes:
        shape, dtype: of the array.
        fortran_order: whether the first axis varies fastest.
        start: position of the data in the member.
        info: the member.
    """

    shape: tuple[int, ...]
    dtype: Any
    fortran_order: bool
    start: int
    info: ZipInfo


@contextlib.contextmanager
def opened(file: BinaryFile, expected: int) -> Iterator[Archive]:
    """Open an archive to read it.

    Args:
        file: a path or a binary file object.
        expected: about how many arrays it may have; its table of contents is bounded accordingly.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not an npz archive.
    """
    if isinstance(file, str | os.PathLike):
        with open(file, "rb") as stream:
            yield Archive(stream, repr(os.fspath(file)), expected)
    else:
        yield Archive(file, "the file", expected)


class Archive:
    """An archive that is read.

    Args:
        stream: seekable binary file object.
        title: the file's name for error messages.
        expected: as in `opened`.

    Attributes:
        title: the file's name for error messages.
        names: names of its arrays.

    Raises:
        ValueError: it is not an npz archive.
    """

    def __init__(self, stream: BinaryIO, title: str, expected: int) -> None:
        import zipfile

        self.title = title
        with self.refusing():
            self._zip = zipfile.ZipFile(_InParts(stream, _PART + (1 << 10) * expected))
            infos = self._zip.infolist()
            self._members = {info.filename: info for info in infos}
            if len(infos) != len(self._members):
                raise ValueError("a name in it occurs twice")
            if sum(info.compress_size for info in infos) > stream.seek(0, os.SEEK_END):
                raise ValueError("the sizes of its members exceed the size of the file")
        self.names = [name.removesuffix(".npy") for name in self._members if name.endswith(".npy")]
        self.others = [name for name in self._members if not name.endswith(".npy")]

    def header(self, name: str) -> Header:
        """Read the header of an array.

        Raises:
            ValueError: it is damaged, or the size of the array differs from what it says.
        """
        with self.refusing():
            info, head = self._start(f"{name}.npy", _HEADER)
            lengths = {b"\x93NUMPY\1\0": 2, b"\x93NUMPY\2\0": 4}  # by version: bytes of the header's length
            digits = lengths.get(head[:8])
            if digits is None:
                raise ValueError(f"{info.filename} is not an array in the npy format, version 1 or 2")
            start = 8 + digits + int.from_bytes(head[8 : 8 + digits], "little")
            fields = _FIELDS.fullmatch(head[8 + digits : start].decode("latin1"))
            if start > len(head) or not fields or None in fields.groups():
                raise ValueError(f"{info.filename} does not have the header of a plain array")
            shape = tuple(int(n) for n in re.findall(r"\d+", fields["shape"]))
            dtype = np.dtype(fields["descr"])
            if start + math.prod(shape) * dtype.itemsize != info.file_size:
                raise ValueError(
                    f"{info.filename} has {info.file_size - start} bytes of data; that is not the size of an "
                    f"array of shape {shape} and dtype {dtype}"
                )
            return Header(shape, dtype, fields["order"] == "True", start, info)

    def check_open(self, header: Header) -> None:
        """Check the size of an array that the model leaves open: a small file must not fill the memory.

        Raises:
            ValueError: it has over 64 MiB, and over 16 times its compressed size.
        """
        size, compressed = header.info.file_size, header.info.compress_size
        if size > max(_OPEN, _OPEN_RATIO * compressed):
            self.refuse(
                f"{header.info.filename} has {size} bytes compressed to {compressed}; that is accepted only "
                "where the model gives the size"
            )

    def read(self, header: Header, dtype: Any = None) -> Array:
        """Read an array of floats or integers as a new array in C order.

        Args:
            header: the array's header.
            dtype: dtype of the result; None keeps that of the file, in native byte order.

        Raises:
            ValueError: the data is damaged, or a finite number exceeds the range of `dtype`.
        """
        shape, stored, fortran_order, start, info = header
        with self.refusing(), self._zip.open(info) as stream:
            array: Array = np.empty(shape, dtype or stored.newbyteorder("="))
            flat: Any = array.T.flat if fortran_order else array.reshape(-1)
            stream.read(start)
            step = _PART // stored.itemsize
            for at in range(0, array.size, step):
                end = min(at + step, array.size)
                part = np.frombuffer(stream.read((end - at) * stored.itemsize), stored)
                if part.size != end - at:
                    raise ValueError(f"{info.filename} ends early")
                with np.errstate(over="ignore"):
                    flat[at:end] = part
                if np.any(np.isfinite(part) & ~np.isfinite(flat[at:end])):
                    raise ValueError(f"{info.filename} has numbers that exceed the range of {array.dtype}")
            return array

    def text(self, name: str, most: int) -> str:
        """Read another member, of at most `most` bytes.

        Raises:
            ValueError: it is missing, damaged, or longer.
        """
        with self.refusing():
            _, contents = self._start(name, most + 1)
            if len(contents) > most:
                raise ValueError(f"{name} has more than {most} bytes")
            return contents.decode()

    def refuse(self, reason: object, cause: BaseException | None = None) -> NoReturn:
        """Raise the ValueError which says that the file is damaged, or of another kind."""
        error = ValueError(f"{self.title} is not a complete npz archive: {reason}")
        raise coded(error, "archive-unreadable", file=self.title, reason=reason) from cause

    def _start(self, member: str, most: int) -> tuple[ZipInfo, bytes]:
        """The first bytes of a member, if all of it can be read in bounded memory."""
        if member not in self._members:
            raise ValueError(f"it has no {member}")
        info = self._members[member]
        if info.flag_bits & 1:
            raise ValueError(f"{member} is encrypted")
        if info.compress_type not in (_STORED, _DEFLATED):
            raise ValueError(f"{member} is compressed by another method than deflate")
        if info.file_size > (_RATIO * (info.compress_size + 1) if info.compress_type else info.compress_size):
            raise ValueError(f"the size given for {member} exceeds what its compressed data can hold")
        with self._zip.open(info) as stream:
            parts = []
            while most > 0 and (part := stream.read(min(most, _PART))):
                parts.append(part)
                most -= len(part)
            return info, b"".join(parts)

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


class _InParts:
    """A file that refuses to read much at once, as zipfile does for the whole table of contents."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream, self._most = stream, most
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, n: int = -1) -> bytes:
        if n > self._most:
            raise ValueError(f"its table of contents has {n} bytes; {self._most} are enough for the model")
        return self._stream.read(n if n >= 0 else self._most)
