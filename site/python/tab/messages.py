"""What the pages tell, in the visitor's language.

A message is a dict with a `code`, for which the pages have a text in each language (messages.json), the
`values` that the text takes, and an English `text` for a code that they do not know.
"""

from __future__ import annotations

import sys
from typing import Any

MOST = 20  # parts of a list that are told; the others are counted
LETTERS = 1_000  # of a value or of a part's text; a stranger's file may have names of megabytes
LETTERS_ALTOGETHER = 100_000  # of an error's text, of which the end tells most


def message(code: str, **values: object) -> dict[str, Any]:
    """A message of the pages' own; values are text or other messages."""
    return {"code": code, "values": values, "text": code}


def message_of(error: BaseException) -> dict[str, Any]:
    """What an exception tells, no more than a page can show; of one without a code its text."""
    return _told(error, LETTERS_ALTOGETHER)


def _told(error: BaseException, letters: int) -> dict[str, Any]:
    values = {name: _plain(value) for name, value in getattr(error, "values", {}).items()}
    return {"code": getattr(error, "code", ""), "values": values, "text": str(error)[-letters:]}


def _plain(value: object) -> object:
    if isinstance(value, list):
        parts = [_plain(part) for part in value[:MOST]]
        more = len(value) - MOST
        return [*parts, message("more", count=f"{more:,}")] if more > 0 else parts
    if isinstance(value, BaseException) and hasattr(value, "code"):
        return _told(value, LETTERS)
    return str(value)[:LETTERS]


def last_error() -> dict[str, Any]:
    """What the exception tells that JavaScript caught last."""
    return message_of(sys.last_exc)  # type: ignore[attr-defined] # of Python 3.12, as all Pyodides have
