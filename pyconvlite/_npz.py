"""npz archives: arrays of any name are written, and read with checks of the headers before any data.

A file may be hostile. So shapes are read without evaluating Python, nothing is allocated that the
file is too small to fill, and arrays are decompressed in parts into their final place.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ._files import BinaryFile, read_from, title_of
from ._shapes import Array
from ._zip import PART, Zip

__all__ = ["Archive", "Header", "opened", "write"]

_HEADER = 1 << 14  # bytes of the longest header of an array
_OPEN = 1 << 26  # bytes that an array may have if only the file gives its size
_OPEN_RATIO = 16  # a larger one may have this many times its compressed size; weights have about 1.1

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
        # For weights the default, 6, takes up to seven times as long, and the file is a few percent smaller.
        # The name is that of Python 3.11; 3.13 calls it compress_level, and keeps this one.
        info._compresslevel = 1  # type: ignore[attr-defined,unused-ignore]
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
        member: the member's name.
    """

    shape: tuple[int, ...]
    dtype: Any
    fortran_order: bool
    start: int
    member: str


@contextlib.contextmanager
def opened(file: BinaryFile, expected: int) -> Iterator[Archive]:
    """Open an archive to read it.

    Args:
        file: a path or a binary file object.
        expected: about how many arrays it may have; its table of contents is bounded accordingly.

    Raises:
        OSError: the file cannot be read.
        TypeError: `file` is neither.
        ValueError: it is not an npz archive.
    """
    with read_from(file) as stream:
        yield Archive(stream, title_of(file), expected)


class Archive(Zip):
    """An npz archive opened for reading.

    Args:
        stream: seekable binary file object.
        title: the file's name for error messages.
        expected: as in `opened`.

    Attributes:
        names: names of its arrays.
        others: names of its other members.

    Raises:
        ValueError: it is not an npz archive.
    """

    def __init__(self, stream: BinaryIO, title: str, expected: int) -> None:
        super().__init__(stream, title, "npz", expected)
        self.names = [name.removesuffix(".npy") for name in self.members if name.endswith(".npy")]
        self.others = [name for name in self.members if not name.endswith(".npy")]

    def header(self, name: str) -> Header:
        """Read the header of an array.

        Raises:
            ValueError: it is damaged, or the size of the array differs from what it says.
        """
        with self.refusing():
            member = f"{name}.npy"
            head = self.start(member, _HEADER)
            lengths = {b"\x93NUMPY\1\0": 2, b"\x93NUMPY\2\0": 4}  # by version: bytes of the header's length
            digits = lengths.get(head[:8])
            if digits is None:
                raise ValueError(f"{member} is not an array in the npy format, version 1 or 2")
            start = 8 + digits + int.from_bytes(head[8 : 8 + digits], "little")
            fields = _FIELDS.fullmatch(head[8 + digits : start].decode("latin1"))
            if start > len(head) or not fields or None in fields.groups():
                raise ValueError(f"{member} does not have the header of a plain array")
            shape = tuple(int(n) for n in re.findall(r"\d+", fields["shape"]))
            dtype = np.dtype(fields["descr"])
            size = self.members[member].file_size
            if start + math.prod(shape) * dtype.itemsize != size:
                raise ValueError(
                    f"{member} has {size - start} bytes of data; that is not the size of an "
                    f"array of shape {shape} and dtype {dtype}"
                )
            return Header(shape, dtype, fields["order"] == "True", start, member)

    def check_open(self, header: Header) -> None:
        """Check the size of an array that the model leaves open: a small file must not fill the memory.

        Raises:
            ValueError: it has over 64 MiB, and over 16 times its compressed size.
        """
        info = self.members[header.member]
        size, compressed = info.file_size, info.compress_size
        if size > max(_OPEN, _OPEN_RATIO * compressed):
            self.refuse(
                f"{header.member} has {size} bytes compressed to {compressed}; that is accepted only "
                "where the model gives the size"
            )

    def read(self, header: Header, dtype: Any = None, keeps_order: bool = False) -> Array:
        """Read an array as a new array.

        Args:
            header: the array's header.
            dtype: dtype of the result; None keeps that of the file, in native byte order.
            keeps_order: whether the result has the file's memory order; otherwise it is in C order.

        Raises:
            ValueError: the data is damaged, or a finite number exceeds the range of `dtype`.
        """
        shape, stored, fortran_order, start, member = header
        with self.refusing(), self.open(member) as stream:
            order: Any = "F" if fortran_order and keeps_order else "C"
            array: Array = np.empty(shape, dtype or stored.newbyteorder("="), order)
            flat: Any = array.T.flat if fortran_order else array.reshape(-1)
            stream.read(start)
            step = PART // stored.itemsize
            for at in range(0, array.size, step):
                end = min(at + step, array.size)
                part = np.frombuffer(stream.read((end - at) * stored.itemsize), stored)
                if part.size != end - at:
                    raise ValueError(f"{member} is truncated")
                with np.errstate(over="ignore"):
                    flat[at:end] = part
                if dtype is not None and np.any(np.isfinite(part) & ~np.isfinite(flat[at:end])):
                    raise ValueError(f"{member} has numbers that exceed the range of {array.dtype}")
            return array
