"""Checks of arguments that several modules share: integers, other numbers, axes, datasets.

Each returns the checked value, or raises an error that names the argument. `described` shows arguments.
"""

from __future__ import annotations

import inspect
import math
import numbers
import operator
import reprlib
from collections.abc import Collection, Sequence
from typing import Any, Protocol, SupportsIndex

import numpy as np

_SAME: Any = object()


def integer(value: Any, name: str, kind: str = "an integer", given: Any = _SAME) -> int:
    """Return `value` as an int; it may be anything that `operator.index` accepts, except bool.

    Args:
        value: the value to convert.
        name: the argument's name, for the error message.
        kind: what the argument must be, for the error message.
        given: the whole argument, for the error message, where `value` is one element of it.

    Raises:
        TypeError: `value` is not an integer.

    Example:
        >>> integer(2.5, "stride", "two integers", given=(1, 2.5))
        Traceback (most recent call last):
        TypeError: stride must be two integers; got (1, 2.5)
    """
    if not isinstance(value, (bool, np.bool_)):
        try:
            return operator.index(value)
        except TypeError:
            pass
    raise TypeError(f"{name} must be {kind}; got {reprlib.repr(value if given is _SAME else given)}")


def at_least(least: int, value: SupportsIndex, name: str) -> int:
    """Check that an argument is an integer and at least `least`; return it as an int.

    Raises:
        TypeError: `value` is not an integer.
        ValueError: `value` is less than `least`.

    Example:
        >>> at_least(1, np.int64(3), "batch_size")
        3
    """
    size = integer(value, name)
    if size < least:
        raise ValueError(f"{name} must be at least {least}; got {size}")
    return size


def number(value: Any, name: str) -> float:
    """Check that an argument is a finite real number, a Python number or a NumPy scalar.

    Raises:
        TypeError: `value` is not a real number.
        ValueError: `value` is infinite or nan.

    Example:
        >>> number("a", "slope")
        Traceback (most recent call last):
        TypeError: slope must be a number; got 'a'
    """
    # A float is tested first, since the test for an abstract class takes long.
    if not isinstance(value, float) and (isinstance(value, bool) or not isinstance(value, numbers.Real)):
        raise TypeError(f"{name} must be a number; got {reprlib.repr(value)}")
    try:
        is_finite = math.isfinite(value)
    except OverflowError:
        raise ValueError(f"{name} must be in the range of floats; got {reprlib.repr(value)}") from None
    if not is_finite:
        raise ValueError(f"{name} must be a finite number; got {value}")
    return value  # type: ignore[return-value] # mypy does not treat float as numbers.Real


def within(least: float, value: float, below: float, name: str) -> float:
    """Check that a number is at least `least` and less than `below`.

    Raises:
        TypeError: `value` is not a real number.
        ValueError: `value` is not in [least, below).

    Example:
        >>> within(0, 0.9, 1, "momentum")
        0.9
    """
    if not least <= number(value, name) < below:
        limits = f"at least {least}" + ("" if below == math.inf else f" and below {below}")
        raise ValueError(f"{name} must be {limits}; got {value}")
    return value


def above_zero(value: float, name: str) -> float:
    """Check that a number is greater than 0.

    Raises:
        TypeError: `value` is not a real number.
        ValueError: `value` is not greater than 0.

    Example:
        >>> above_zero(1e-8, "eps")
        1e-08
    """
    if not number(value, name) > 0:
        raise ValueError(f"{name} must be above 0; got {value}")
    return value


def fraction(value: float, name: str) -> float:
    """Check that a number is in [0, 1].

    Raises:
        TypeError: `value` is not a real number.
        ValueError: `value` is not in [0, 1].

    Example:
        >>> fraction(1, "ratio")
        1
    """
    if not 0 <= number(value, name) <= 1:
        raise ValueError(f"{name} must be from 0 to 1; got {value}")
    return value


def check_holds(dtype: Any, value: Any, name: str) -> None:
    """Check that an array of a dtype can hold a number, which one of integers or bools would truncate.

    Raises:
        ValueError: it cannot.

    Example:
        >>> check_holds(np.dtype(np.uint8), -1, "value")
        Traceback (most recent call last):
        ValueError: value must be an integer from 0 to 255 for uint8 arrays; got -1: convert them to float32
    """
    if dtype.kind not in "iub":
        return
    least, most = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    if not least <= value <= most or value % 1:
        raise ValueError(
            f"{name} must be an integer from {least} to {most} for {dtype} arrays; got {value}: convert them "
            "to float32"
        )


def boolean(value: Any, name: str) -> bool:
    """Check that an argument is True or False, Python's or NumPy's, or the integer 1 or 0; return Python's.

    Raises:
        TypeError: it is something else, such as a string, which is true whatever it says.

    Example:
        >>> boolean("no", "shuffle")
        Traceback (most recent call last):
        TypeError: shuffle must be True or False; got 'no'
    """
    if not isinstance(value, bool | np.bool_ | int) or value not in (0, 1):
        raise TypeError(f"{name} must be True or False; got {value!r}")
    return bool(value)


def number_dtype(dtype: Any) -> np.dtype[Any]:
    """Check a `dtype` argument; return it as a NumPy dtype.

    Raises:
        TypeError: it is not a dtype of numbers or bools.

    Example:
        >>> number_dtype("float16"), number_dtype(np.int32)
        (dtype('float16'), dtype('int32'))
    """
    try:
        found: np.dtype[Any] | None = None if dtype is None else np.dtype(dtype)  # np.dtype(None) is float64
    except TypeError:
        found = None
    if found is None or found.kind not in "biufc":
        raise TypeError(f"dtype must be one of numbers, such as np.float32; got {dtype!r}")
    return found


def one_of(value: Any, name: str, choices: Collection[str]) -> Any:
    """Check that an argument is one of several strings, and return it.

    Raises:
        ValueError: it is none of them.

    Example:
        >>> one_of("edge", "mode", ("constant", "reflect"))
        Traceback (most recent call last):
        ValueError: mode must be one of 'constant', 'reflect'; got 'edge'
    """
    if not isinstance(value, str) or value not in choices:  # an array has no truth value
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}")
    return value


def as_axis(axis: Any, shape: Sequence[int]) -> Any:
    """Check an `axis` argument: an integer, a tuple or list of integers, or None for all axes.

    Args:
        axis: the argument; negative axes count from the end.
        shape: shape of the array x that has these axes.

    Returns:
        An integer, a tuple of integers or None.

    Raises:
        TypeError: `axis` has the wrong type.
        ValueError: x does not have such an axis, or it is given twice.

    Example:
        >>> as_axis([0, -1], (2, 3, 4))
        (0, -1)
        >>> as_axis(2, (5, 3))
        Traceback (most recent call last):
        ValueError: axis must be one of x's 2 axes; got 2 for shape (5, 3)
    """
    if axis is None:
        return None
    several = isinstance(axis, (tuple, list))
    kind = "an integer, a tuple of integers or None"
    found = tuple([integer(a, "axis", kind, axis) for a in (axis if several else [axis])])
    ndim = len(shape)
    named = {a % ndim for a in found if -ndim <= a < ndim}
    if len(named) < len(found):
        if not all(-ndim <= a < ndim for a in found):
            raise ValueError(f"axis must be one of x's {ndim} axes; got {axis} for shape {tuple(shape)}")
        raise ValueError(f"axis must not name an axis twice; got {axis} for shape {tuple(shape)}")
    return found if several else found[0]


def one_axis(axis: Any, shape: Sequence[int]) -> int:
    """Check an `axis` argument that names one axis; return its number, not negative.

    Raises:
        TypeError: `axis` is not an integer.
        ValueError: x does not have such an axis.

    Example:
        >>> one_axis(-1, (2, 3, 4))
        2
    """
    return int(as_axis(integer(axis, "axis"), shape)) % len(shape)


class Examples(Protocol):
    """A Dataset, a list of pairs, or the like."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...


def examples(dataset: Examples) -> Examples:
    """Check a `dataset` argument: something with a length and items.

    Raises:
        TypeError: it has no `__len__` or `__getitem__`, or is indexed by keys, as a dict or a DataFrame.

    Example:
        >>> examples([(0.5, 0), (1.5, 1)])
        [(0.5, 0), (1.5, 1)]
    """
    indexable = hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")
    if not indexable or callable(getattr(dataset, "keys", None)):
        raise TypeError(
            "dataset must have __len__ and __getitem__ by position, such as a Dataset or a list of pairs; "
            f"got {type(dataset).__name__}"
        )
    return dataset


def described(made: Any) -> str:
    """A `repr`: the class and the arguments of its constructor that the object has as attributes.

    Flags and names, such as that of a mode, are left out where they have their default.

    Example:
        >>> from pyconvlite.optimizers import SGD
        >>> described(SGD(lr=0.5))
        'SGD(lr=0.5)'
    """
    shown = []
    for name, argument in inspect.signature(type(made)).parameters.items():
        try:
            value = getattr(made, name, made)
        except Exception:  # of a property that needs what is not there yet
            continue
        value = value.item() if isinstance(value, np.generic) else value
        is_default = type(value) is type(argument.default) and value == argument.default
        if isinstance(value, bool | str) and is_default:
            continue
        if isinstance(value, str | int | float | tuple | None):
            shown.append(f"{name}={reprlib.repr(value)}")
    return f"{type(made).__name__}({', '.join(shown)})"
