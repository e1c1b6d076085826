"""Host scalars: numbers that a step reads on the CPU, such as a learning rate, a count or a random key.

`host_scalars(read)` returns what `read()` does. While a step is captured (see `capture.py`) the numbers are
`HostScalar`: floats that arithmetic keeps track of. If one becomes a parameter of a kernel, as a `Word`, each
replay calls `read` again and sets the parameter to the latest value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import device

Read = Callable[[], Sequence[float]]


class HostScalar(float):
    """A number read in a captured step; arithmetic on it gives HostScalars, which replays compute again.

    Attributes:
        latest: its value when it was last read.

    Example:
        >>> HostScalar(3.0).latest
        3.0
    """

    latest: float

    def __new__(cls, value: float) -> HostScalar:
        """Take the first value."""
        number = super().__new__(cls, value)
        number.latest = float(value)
        return number

    def __neg__(self) -> float:
        return _computed(operator.neg, self)


def _computed(operation: Callable[..., float], *operands: float) -> float:
    """The result of an operation, which each replay computes again."""

    def read() -> tuple[float]:
        return (operation(*[x.latest if isinstance(x, HostScalar) else x for x in operands]),)

    (number,) = host_scalars(read)
    return number


def _operators(operation: Callable[..., float]) -> tuple[Any, Any]:
    """The method of an operator, and its reflected method."""

    def method(x: HostScalar, y: Any) -> Any:
        return _computed(operation, x, y) if isinstance(y, int | float) else NotImplemented

    def reflected(y: HostScalar, x: Any) -> Any:
        return _computed(operation, x, y) if isinstance(x, int | float) else NotImplemented

    return method, reflected


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _method, _reflected = _operators(getattr(operator, _name))
    setattr(HostScalar, f"__{_name}__", _method)
    setattr(HostScalar, f"__r{_name}__", _reflected)


class Word(int):
    """A kernel's parameter, 32 bits, whose value is a HostScalar's.

    Attributes:
        number: the HostScalar.
        encode: converts a value to its bits.
    """

    number: HostScalar
    encode: Callable[[float], int]


def word(value: float, encode: Callable[[float], int]) -> int:
    """The bits of a number; as a Word if it is a HostScalar.

    Example:
        >>> word(7.0, int)
        7
    """
    if not isinstance(value, HostScalar):
        return encode(value)
    parameter = Word(encode(value))
    parameter.number, parameter.encode = value, encode
    return parameter


@dataclass
class HostRead:
    """Numbers that are read together, and the function that reads them."""

    read: Read
    numbers: list[HostScalar]

    def repeat(self) -> None:
        """Read them again."""
        for number, value in zip(self.numbers, self.read(), strict=True):
            number.latest = value


def host_scalars(read: Read) -> Sequence[float]:
    """What `read()` returns; a step that is being captured calls it again at each replay.

    Example:
        >>> host_scalars(lambda: (1.0, 2.0))
        (1.0, 2.0)
    """
    values = read()
    recording = device.recording()
    if recording is None:
        return values
    numbers = [HostScalar(value) for value in values]
    recording.host_reads.append(HostRead(read, numbers))
    return numbers
