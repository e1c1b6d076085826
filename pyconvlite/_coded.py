"""Errors with a code, for a program that tells them in its own words or in another language."""

from __future__ import annotations

from typing import TypeVar

E = TypeVar("E", bound=Exception)


def coded(error: E, code: str, **values: object) -> E:
    """Give an exception its `code` and the `values` that its message is made of; returns it.

    Args:
        error: the exception, with its message in English.
        code: a short name that stays the same when the message changes.
        values: what the message tells, by name; an exception or a list of some where they are part of it.

    Example:
        >>> try:
        ...     raise coded(ValueError("x.npz has no array W"), "weights-missing", file="x.npz", name="W")
        ... except ValueError as error:
        ...     print(error.code, error.values)
        weights-missing {'file': 'x.npz', 'name': 'W'}
    """
    vars(error).update(code=code, values=values)
    return error
