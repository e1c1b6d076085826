"""Numbers that a step takes from the host: a rate, a count, a draw. A replay of the step asks for them again.

`asked(ask)` gives what `ask()` does. While a step is recorded (see `capture.py`) its numbers are `Asked`:
floats that know where they come from. What is computed with them follows them, and where one becomes a
kernel's parameter, as a `Word`, each replay puts its latest value there.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import device

Ask = Callable[[], Sequence[float]]


class Asked(float):
    """A number of a step that is being recorded; the operators of arithmetic give numbers that follow it.

    Attributes:
        latest: what it was when it was last asked for.

    Example:
        >>> Asked(3.0).latest
        3.0
    """

    latest: float

    def __new__(cls, value: float) -> Asked:
        """Take the first value."""
        number = super().__new__(cls, value)
        number.latest = float(value)
        return number

    def __neg__(self) -> float:
        return _followed(operator.neg, self)


def _followed(operation: Callable[..., float], *operands: float) -> float:
    def compute() -> tuple[float]:
        return (operation(*[x.latest if isinstance(x, Asked) else x for x in operands]),)

    (number,) = asked(compute)
    return number


def _operators(operation: Callable[..., float]) -> tuple[Any, Any]:
    """The method of an operator, and the one for the number on its right."""

    def method(x: Asked, y: Any) -> Any:
        return _followed(operation, x, y) if isinstance(y, int | float) else NotImplemented

    def reflected(y: Asked, x: Any) -> Any:
        return _followed(operation, x, y) if isinstance(x, int | float) else NotImplemented

    return method, reflected


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _method, _reflected = _operators(getattr(operator, _name))
    setattr(Asked, f"__{_name}__", _method)
    setattr(Asked, f"__r{_name}__", _reflected)


class Word(int):
    """A kernel's parameter, 32 bits, that holds an Asked.

    Attributes:
        number: it.
        encode: gives a value's bits.
    """

    number: Asked
    encode: Callable[[float], int]


def word(value: float, encode: Callable[[float], int]) -> int:
    """The bits of a number, as a Word if it was asked for.

    Example:
        >>> word(7.0, int)
        7
    """
    if not isinstance(value, Asked):
        return encode(value)
    parameter = Word(encode(value))
    parameter.number, parameter.encode = value, encode
    return parameter


@dataclass
class Question:
    """Numbers that are asked for together."""

    ask: Ask
    numbers: list[Asked]

    def repeat(self) -> None:
        """Ask again."""
        for number, value in zip(self.numbers, self.ask(), strict=True):
            number.latest = value


def asked(ask: Ask) -> Sequence[float]:
    """What `ask()` gives; a step that is being recorded remembers to ask again.

    Example:
        >>> asked(lambda: (1.0, 2.0))
        (1.0, 2.0)
    """
    values = ask()
    recording = device.recording()
    if recording is None:
        return values
    numbers = [Asked(value) for value in values]
    recording.questions.append(Question(ask, numbers))
    return numbers
