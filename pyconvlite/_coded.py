"""Errors with a code, so that a program can show them in other words or in another language."""

from __future__ import annotations

from typing import TypeVar

E = TypeVar("E", bound=Exception)


def coded(error: E, code: str, **values: object) -> E:
    """Set `code` and `values` on an exception, and return it.

    Args:
        error: exception with its message in English.
        code: short name, which stays the same when the message changes.
        values: the values in the message, by name; one may be an exception, or a list of exceptions.

    Example:
        >>> try:
        ...     raise coded(ValueError("x.npz has no array W"), "weights-missing", file="x.npz", name="W")
        ... except ValueError as error:
        ...     print(error.code, error.values)
        weights-missing {'file': 'x.npz', 'name': 'W'}
    """
    vars(error).update(code=code, values=values)
    return error
