"""PyTorch's files (.pt, .pth), read without PyTorch; nothing in them is executed.

Such a file has a pickle: a program for a small stack machine, which may call any function of Python.
`_Machine` runs the part of it that is safe: it builds dicts, lists, tuples, numbers and strings, and
calls only the functions by which PyTorch rebuilds tensors. A file with anything else is refused.

There are two formats. Since version 1.6 `torch.save` writes a zip archive with `data.pkl` and the numbers of
each storage as a member, `data/0` and so on. Before, a file had five pickles (a magic number, the version,
the machine's sizes, the objects, and the keys of the storages), and then the storages.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from ._shapes import Array
from ._zip import Zip, unreadable

__all__ = ["is_torch", "read", "state_dict"]

_MAGIC = 0x1950A86A20F9469CFC6C  # of the older format
_PICKLE = 1 << 24  # bytes of the longest pickle; that of ResNet152 has 0.2 MB
_STEPS = 1 << 19  # of a file's pickles; a tensor takes about 40, and one step up to 300 bytes of memory
_MEMBERS = 1 << 14  # about the most storages
_DEEPEST = 32  # levels of dicts, lists and tuples
_MOST_AXES = 16

_DTYPES = {  # of the numbers of a storage, by its class in the module torch
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "u2",  # the upper half of a float32, which it becomes
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


def is_torch(stream: BinaryIO) -> bool:
    """Whether a file begins as PyTorch's do."""
    stream.seek(0)
    head = stream.read(30)  # in a zip archive, all that precedes the name of the first member
    if head.startswith(b"PK\3\4"):
        name = stream.read(int.from_bytes(head[26:28], "little"))
        # In a folder with the file's name, or "archive"; TorchScript's begin with data/0.
        return name.endswith((b"/data.pkl", b"/data/0"))
    return head.startswith(b"\x80\x02\x8a\x0a")


def read(stream: BinaryIO, title: str) -> Any:
    """The object that `torch.save` wrote, with read-only arrays for the tensors.

    Tensors that share memory in PyTorch share it here. bfloat16 becomes float32. The memory taken is that of
    the file's tensors.

    Args:
        stream: seekable binary file object.
        title: the file's name for error messages.

    Raises:
        ValueError: it is damaged, or has objects other than tensors, dicts, lists, tuples, numbers and
            strings.
    """
    try:
        stream.seek(0)
        start = stream.read(4)
        stream.seek(0)
        found = _read_zip(stream, title) if start == b"PK\3\4" else _read_older(stream)
        return _Finisher().finished(found)
    except _Refused as error:
        raise unreadable(title, "PyTorch", error) from error


def state_dict(stream: BinaryIO, title: str) -> dict[str, Array]:
    """The tensors of a file by their names: of its dict of tensors, or of the only one within its dict.

    Args:
        stream: seekable binary file object.
        title: the file's name for error messages.

    Raises:
        ValueError: as in `read`; or there is no such dict, or more than one.
    """
    found = read(stream, title)
    if _is_state_dict(found):
        return dict(found)
    inner = {}
    if isinstance(found, dict):
        inner = {key: value for key, value in found.items() if _is_state_dict(value)}
    if len(inner) != 1:
        raise ValueError(
            f"{title} must have one dict of tensors by name, such as model.state_dict(); it has "
            f"{', '.join(map(repr, inner)) or 'none'}"
        )
    return dict(*inner.values())


def _is_state_dict(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(key, str) and isinstance(array, np.ndarray) for key, array in value.items())
    )


class _Refused(Exception):  # noqa: N818 - becomes a ValueError with the file's name
    """Why a file is refused."""


def _read_zip(stream: BinaryIO, title: str) -> Any:
    archive = Zip(stream, title, "PyTorch", _MEMBERS)
    for name, info in archive.members.items():
        if info.compress_type != 0 and "/data" in name:
            raise _Refused(f"{name} is compressed, as PyTorch writes none")
    if any(name.endswith("/constants.pkl") for name in archive.members):
        raise _Refused(f"it is a TorchScript program; {_HINT}")
    folders = [name.removesuffix("data.pkl") for name in archive.members if name.endswith("/data.pkl")]
    if len(folders) != 1:
        raise _Refused("it does not have exactly one data.pkl")
    (folder,) = folders
    order = f"{folder}byteorder"
    if order in archive.members and archive.contents(order, 16) != b"little":
        raise _Refused("its numbers are not little-endian")
    storages: dict[str, Array] = {}

    def storage(key: str, dtype: str, length: int) -> Array:
        if key not in storages:
            name = f"{folder}data/{key}"
            storages[key] = np.frombuffer(archive.contents(name, length * np.dtype(dtype).itemsize), np.uint8)
        if storages[key].size != length * np.dtype(dtype).itemsize:
            raise _Refused(f"storage {key} has {storages[key].size} bytes, which are not {length} of {dtype}")
        return storages[key].view(dtype)

    return _Machine(storage).run(_Bounded(io.BytesIO(archive.contents(f"{folder}data.pkl", _PICKLE))))


def _read_older(stream: BinaryIO) -> Any:
    left = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    storages: dict[str, Array] = {}  # empty until all tensors are known, as the numbers come after them

    def storage(key: str, dtype: str, length: int) -> Array:
        nonlocal left
        if key not in storages:
            left -= length * np.dtype(dtype).itemsize
            if left < 0:
                raise _Refused("its tensors need more bytes than the file has")
            storages[key] = np.empty(length, dtype)
        if (storages[key].dtype, storages[key].size) != (np.dtype(dtype), length):
            raise _Refused(f"storage {key} occurs with two sizes or dtypes")
        return storages[key]

    machine = _Machine(storage)
    magic, version, sizes, found, keys = (machine.run(_Bounded(stream)) for _ in range(5))
    if magic != _MAGIC or version != 1001:
        raise _Refused("it is neither a zip archive nor of PyTorch's older format, version 1001")
    if not isinstance(sizes, dict) or sizes.get("little_endian") is not True:
        raise _Refused("its numbers are not little-endian")
    if (
        not isinstance(keys, list)
        or not all(isinstance(key, str) for key in keys)
        or set(keys) != set(storages)
    ):
        raise _Refused("its list of storages does not match its tensors")
    for key in keys:
        array = storages[key]
        if stream.read(8) != array.size.to_bytes(8, "little"):
            raise _Refused(f"storage {key} does not have the size that its tensors need")
        data = stream.read(array.nbytes)
        if len(data) != array.nbytes:
            raise _Refused(f"storage {key} is truncated")
        array[:] = np.frombuffer(data, array.dtype)
    return found


class _Bounded:
    """A stream of which at most one pickle's bytes are read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._left = stream, _PICKLE

    def read(self, n: int) -> bytes:
        return self._counted(self._stream.read(min(n, self._left)))

    def readline(self) -> bytes:
        return self._counted(self._stream.readline(min(1000, self._left)))

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        return data


@dataclass(frozen=True)
class _Name:
    """A function or class that a pickle names."""

    name: str


@dataclass(frozen=True)
class _Storage:
    """A storage's numbers, and whether they are bfloat16."""

    array: Array
    is_bfloat16: bool


@dataclass(frozen=True)
class _Tensor:
    """A tensor, as part of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


_HINT = "save model.state_dict() alone, neither the model nor other objects with it"

_MARK = object()
_KNOWN = """
    PROTO FRAME STOP BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE SHORT_BINUNICODE NONE NEWTRUE NEWFALSE
    EMPTY_DICT EMPTY_LIST EMPTY_TUPLE MARK TUPLE TUPLE1 TUPLE2 TUPLE3 APPEND APPENDS SETITEM SETITEMS BINPUT
    LONG_BINPUT MEMOIZE BINGET LONG_BINGET GLOBAL STACK_GLOBAL BINPERSID REDUCE BUILD
"""


class _Machine:
    """Runs pickles.

    Args:
        storage: gives the array of a storage, for its key, dtype and length.
    """

    def __init__(self, storage: Callable[[str, str, int], Array]) -> None:
        self._storage = storage
        self._left = _STEPS

    def run(self, stream: Any) -> Any:
        """The object that the pickle makes, with `_Tensor`s."""
        import pickletools  # here, as it is slow to import in a browser

        opcodes = {opcode.code.encode("latin1"): opcode for opcode in pickletools.opcodes}
        known = _KNOWN.split()
        self._stack: list[Any] = []
        self._marks: list[int] = []  # their indices in the stack, as a search is slow
        self._memo: dict[int, Any] = {}
        name = ""
        try:
            while name != "STOP":
                self._left -= 1
                if self._left < 0:
                    raise _Refused(f"its pickle has more than {_STEPS} steps; {_HINT}")
                opcode = opcodes[stream.read(1)]
                name = opcode.name
                if name not in known:  # before its argument is read
                    raise _Refused(f"its pickle has {name}, which does not build a tensor; {_HINT}")
                if name == "GLOBAL":  # whose lines pickletools would unescape
                    lines = [stream.readline().decode("ascii").removesuffix("\n") for _ in range(2)]
                    self._stack.append(_Name(".".join(lines)))
                else:
                    self._step(name, opcode.arg and opcode.arg.reader(stream))
            (result,) = self._stack
        except (ValueError, TypeError, IndexError, KeyError, UnicodeError) as error:
            raise _Refused(f"its pickle is damaged: {error}") from error
        return result

    def _step(self, opcode: str, argument: Any) -> None:
        stack = self._stack
        match opcode:
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT" | "BINUNICODE" | "SHORT_BINUNICODE":
                stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[opcode])
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_TUPLE":
                stack.append(())
            case "MARK":
                self._marks.append(len(stack))
                stack.append(_MARK)
            case "TUPLE":
                stack.append(tuple(self._popped()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                n = int(opcode[-1])
                stack[-n:] = [tuple(stack[-n:])]
            case "APPEND" | "APPENDS":
                values = [stack.pop()] if opcode == "APPEND" else self._popped()
                self._top(list).extend(values)
            case "SETITEM" | "SETITEMS":
                values = [stack.pop(-2), stack.pop()] if opcode == "SETITEM" else self._popped()
                for key, value in zip(values[::2], values[1::2], strict=True):
                    if not isinstance(key, str | int):
                        raise _Refused(f"a key is {type(key).__name__}; only strings and integers are read")
                    self._top(dict)[key] = value
            case "BINPUT" | "LONG_BINPUT" | "MEMOIZE":
                self._memo[len(self._memo) if argument is None else argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[argument])
            case "STACK_GLOBAL":
                name, module = stack.pop()[:100], stack.pop()[:100]  # no known one is longer
                stack.append(_Name(".".join((module, name))))
            case "BINPERSID":
                stack.append(self._found(stack.pop()))
            case "REDUCE":
                arguments = stack.pop()
                stack.append(_rebuilt(stack.pop(), arguments))
            case "BUILD":  # attributes of an OrderedDict: the versions of a model's layers
                stack.pop()
                self._top(dict)

    def _popped(self) -> list[Any]:
        """Take from the stack what is above the topmost mark, and the mark."""
        at = self._marks.pop()
        if self._stack[at] is not _MARK:
            raise ValueError("a mark is gone")
        values = self._stack[at + 1 :]
        del self._stack[at:]
        return values

    def _top(self, kind: type) -> Any:
        if not isinstance(self._stack[-1], kind):
            raise _Refused(f"its pickle adds to {type(self._stack[-1]).__name__}")
        return self._stack[-1]

    def _found(self, persistent: Any) -> _Storage:
        kind, *_ = persistent
        if kind == "module":  # the class of a whole model, in the older format
            raise _Refused(f"it contains a model; {_HINT}")
        _, name, key, _, length = persistent[:5]
        if kind != "storage" or not isinstance(name, _Name) or persistent[5:] not in ((), (None,)):
            raise _Refused("it refers to something other than a storage")
        module, _, storage = name.name.partition(".")
        if module != "torch" or storage not in _DTYPES:
            raise _Refused(f"it has a storage of type {name.name}, which is not supported")
        if not isinstance(key, str) or not _is_size(length):
            raise _Refused("a storage has no key or length")
        return _Storage(self._storage(key, _DTYPES[storage], length), storage == "BFloat16Storage")


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def _rebuilt(function: Any, arguments: Any) -> Any:
    """What a function gives for its arguments: an empty dict, or a tensor."""
    match function, arguments:
        case _Name("collections.OrderedDict"), ():
            return {}
        case _Name("torch._utils._rebuild_parameter"), (_Tensor() as tensor, _, _):
            return tensor
        case _Name("torch._utils._rebuild_tensor_v2"), (_Storage() as storage, offset, shape, strides, *rest):
            if any(rest[2:]):  # whether it is the negative, or the conjugate, of the numbers in its storage
                raise _Refused(
                    "a tensor is negated or conjugated lazily; save tensor.resolve_conj().resolve_neg()"
                )
            return _tensor(storage, offset, shape, strides)
        case _Name(name), _:
            raise _Refused(f"it calls {name[:100]}, which is not run; {_HINT}")
    raise _Refused("it calls an object that is not a function")


def _tensor(storage: _Storage, offset: Any, shape: Any, strides: Any) -> _Tensor:
    sizes = (offset, *shape, *strides) if isinstance(shape, tuple) and isinstance(strides, tuple) else ()
    if not sizes or not all(map(_is_size, sizes)) or not len(shape) == len(strides) <= _MOST_AXES:
        raise _Refused("a tensor has no valid shape and strides")
    length = storage.array.size
    last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    size = math.prod(n or 1 for n in shape)
    if 0 not in shape and last < length < size:
        raise _Refused(
            f"a tensor of shape {shape} repeats the {length} numbers of its storage; save tensor.clone()"
        )
    if not (size <= 1 << 27 if 0 in shape else last < length):
        raise _Refused(
            f"a tensor of shape {shape} and strides {strides} exceeds its storage of {length} numbers"
        )
    return _Tensor(storage, offset, shape, strides)


class _Finisher:
    """Puts arrays in the place of tensors."""

    def __init__(self) -> None:
        self._done: dict[int, Any] = {}  # by id, so that an object that occurs many times is finished once

    def finished(self, value: Any, depth: int = 0) -> Any:
        if depth > _DEEPEST:
            raise _Refused(f"it is nested more than {_DEEPEST} levels deep")
        if id(value) in self._done:
            return self._done[id(value)][0]
        result = value
        if isinstance(value, _Tensor):
            result = self._array(value)
        elif isinstance(value, dict):
            result = {key: self.finished(each, depth + 1) for key, each in value.items()}
        elif isinstance(value, list | tuple):
            result = type(value)([self.finished(each, depth + 1) for each in value])
        elif not isinstance(value, bool | int | float | str | None):
            name = value.name if isinstance(value, _Name) else type(value).__name__.strip("_")
            raise _Refused(f"it contains {name}, which is not a tensor; {_HINT}")
        self._done[id(value)] = result, value  # both are kept, so that the id stays that of the value
        return result

    def _array(self, tensor: _Tensor) -> Array:
        shape, numbers = tensor.shape, tensor.storage.array
        if tensor.storage.is_bfloat16:
            if id(numbers) not in self._done:
                wide = numbers.astype(np.uint32)
                wide <<= 16
                self._done[id(numbers)] = wide.view(np.float32), numbers
            numbers = self._done[id(numbers)][0]
        if not math.prod(shape):
            return np.empty(shape, numbers.dtype)
        # The stride of an axis of length 1 may be larger than NumPy accepts.
        strides = [
            (n > 1) * stride * numbers.itemsize for n, stride in zip(shape, tensor.strides, strict=True)
        ]
        return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], shape, strides, writeable=False)
