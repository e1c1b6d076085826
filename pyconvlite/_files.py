"""Reading files, and writing them so that none is ever incomplete."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeGuard

__all__ = ["BinaryFile", "is_url", "read_from", "replacing", "title_of", "written"]

_ABANDONED = 600  # seconds without a write, after which the writer of an unfinished file is taken for dead

BinaryFile = str | os.PathLike[str] | BinaryIO


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of the one at `path` when the block ends without an error.

    Until then it has a random name in the same folder. It gets the mode of the file that it replaces. A
    symbolic link stays, and its target is replaced. Unfinished files for this path that a killed process has
    left are removed after ten minutes.

    Raises:
        OSError: there is a folder, device, pipe or socket at `path`, or a file without the permission to
            write it, or the file cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(os.path.join(folder, "a")) as file:
        ...         _ = file.write(b"abc")
        ...     os.listdir(folder)
        ['a']
    """
    target = os.path.realpath(path)
    mode = None
    with contextlib.suppress(FileNotFoundError):
        mode = os.stat(target).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(
                f"{os.fspath(path)!r} is not a regular file and cannot be replaced; to write into a device "
                "or pipe, pass an open binary file"
            )
        if not os.access(target, os.W_OK):  # os.replace does not check it
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
    folder = os.path.dirname(target)
    try:
        os.stat(folder)
    except FileNotFoundError:
        text = f"{folder!r} is missing; create it first"
        raise FileNotFoundError(errno.ENOENT, text, os.fspath(path)) from None
    prefix = f".{zlib.crc32(os.fsencode(os.path.basename(target))):08x}-"  # the same for each such target
    unfinished = os.path.join(folder, f"{prefix}{os.urandom(8).hex()}.tmp")

    def created(name: str, flags: int) -> int:
        try:
            return os.open(name, flags, 0o666 if mode is None else 0o600)
        except OSError as error:  # name the path that the caller gave
            raise OSError(error.errno, error.strerror, os.fspath(path)) from None

    try:
        with open(unfinished, "xb", opener=created) as file:  # x: O_EXCL, which follows no link
            _remove_abandoned(folder, prefix, os.fstat(file.fileno()).st_mtime - _ABANDONED)
            yield file
            file.flush()
            os.fsync(file.fileno())  # or a power failure could leave the name without the contents
        if mode is not None:
            os.chmod(unfinished, stat.S_IMODE(mode))
        os.replace(unfinished, target)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.remove(unfinished)
        # Of a write: the disk is full. An error without a number has a message of its own.
        if isinstance(error, OSError) and error.errno and error.filename is None:
            error.filename = os.fspath(path)
        raise


def _remove_abandoned(folder: str, prefix: str, before: float) -> None:
    """Remove the unfinished files that were last written before a time, by the clock of the file system.

    If the writer of one is still alive, its `os.replace` fails, and the older file stays intact.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.name.endswith(".tmp"):
                with contextlib.suppress(OSError):  # another has removed it, or it is another user's
                    if entry.stat(follow_symlinks=False).st_mtime < before:
                        os.remove(entry.path)


@contextlib.contextmanager
def written(file: BinaryFile) -> Iterator[BinaryIO]:
    """Open a path as `replacing` does; a binary file object is used as it is.

    Raises:
        OSError: as `replacing`.
        TypeError: `file` is neither.

    Example:
        >>> import io
        >>> buffer = io.BytesIO()
        >>> with written(buffer) as file:
        ...     _ = file.write(b"abc")
        >>> buffer.getvalue()
        b'abc'
    """
    if isinstance(file, str | os.PathLike):
        with replacing(file) as opened:
            yield opened
    else:
        _check(file, "write")
        yield file


@contextlib.contextmanager
def read_from(file: BinaryFile) -> Iterator[BinaryIO]:
    """Open a path to read it; a binary file object is used as it is.

    Raises:
        OSError: the file cannot be read.
        TypeError: `file` is neither.

    Example:
        >>> with read_from(b"abc") as file:
        ...     pass
        Traceback (most recent call last):
        TypeError: the file must be a path (str or os.PathLike) or a binary file object; got ...
    """
    if isinstance(file, str | os.PathLike):
        if is_url(file):
            raise FileNotFoundError(f"{file} is a URL, not a path; pass what utils.get_file(url) returns")
        with open(file, "rb") as opened:
            yield opened
    else:
        _check(file, "read")
        yield file


def is_url(source: Any) -> TypeGuard[str]:
    """Whether a source of bytes is a URL that `_fetch.opened` takes.

    Example:
        >>> is_url("https://example.org/a.npz"), is_url("data")
        (True, False)
    """
    return isinstance(source, str) and source[:6].lower().startswith(("http:", "https:", "data:"))


def title_of(file: BinaryFile) -> str:
    """How error messages name a file.

    Example:
        >>> title_of("lenet.npz")
        "'lenet.npz'"
    """
    return repr(os.fspath(file)) if isinstance(file, str | os.PathLike) else "the file"


def _check(file: Any, method: str) -> None:
    if isinstance(file, io.TextIOBase):
        hint = ": open it in binary mode"
    elif not hasattr(file, method):
        hint = ": use BytesIO" if method == "read" and isinstance(file, bytes | bytearray) else ""
    else:
        return
    raise TypeError(
        "the file must be a path (str or os.PathLike) or a binary file object; got "
        f"{type(file).__name__}{hint}"
    )
